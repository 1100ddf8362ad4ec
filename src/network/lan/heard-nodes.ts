import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { formatNetworkAddress } from '../addresses/network-address.js';
import { type LanAnnouncement } from './lan-announcement.js';

interface Heard {
  readonly host: string;
  readonly instance: string;
  readonly untilMs: number;
}

const minuteMs = 60_000;

/**
 * The daemons that were heard on the local network, which anybody there can invent: so many at most, so many at one address, and so many new ones in a minute. Each
 * is forgotten when its time is over, or when it says goodbye.
 */
export class HeardNodes {
  /** By `host:port`. */
  private readonly heard = new Map<string, Heard>();
  private minute = { startMs: -Infinity, taken: 0 };

  constructor(private readonly clock: Clock) {}

  /** Notes an announcement that came from an IP address. True if there is a daemon more or less now. */
  hear({ instance, port, ttlSeconds }: LanAnnouncement, host: string): boolean {
    const address = formatNetworkAddress({ host, port });
    const known = this.heard.get(address);
    if (ttlSeconds === 0) return known?.instance === instance && this.heard.delete(address);
    if (!known && !this.hasRoomFor(host)) return false;
    const untilMs = this.clock.now() + Math.min(ttlSeconds * 1000, limits.lanForgetMs);
    this.heard.set(address, { host, instance, untilMs });
    return !known;
  }

  /** Where they are, as `host:port`. */
  addresses(): readonly string[] {
    this.expire();
    return [...this.heard.keys()];
  }

  /** Forgets all of them. */
  clear(): void {
    this.heard.clear();
  }

  private hasRoomFor(host: string): boolean {
    this.expire();
    const atHost = [...this.heard.values()].filter((heard) => heard.host === host).length;
    if (this.heard.size >= limits.maxLanNodes || atHost >= limits.maxLanNodesOfAddress) return false;
    const nowMs = this.clock.now();
    if (nowMs - this.minute.startMs >= minuteMs) this.minute = { startMs: nowMs, taken: 0 };
    return this.minute.taken++ < limits.maxNewLanNodes;
  }

  private expire(): void {
    const nowMs = this.clock.now();
    for (const [address, { untilMs }] of this.heard) if (untilMs <= nowMs) this.heard.delete(address);
  }
}
