import makeMulticastDns, { type MulticastDNS } from 'multicast-dns';
import { BlockList } from 'node:net';

import { limits } from '../../core/limits.js';
import { announcementRecords } from './announcement-records.js';
import { type LanAnnouncement } from './lan-announcement.js';
import { type LanInterface } from './lan-interface.js';
import { lanService } from './lan-service.js';
import { readAnnouncements } from './read-announcements.js';

/** What a speaker works with. */
export interface LanSpeakerParts {
  /** Name of this node's announcements. */
  readonly instance: string;
  /** UDP port of multicast DNS. */
  readonly port: number;
  /** Hears of another daemon, and from which IP address it told that. */
  readonly onHeard: (announcement: LanAnnouncement, host: string) => void;
  /** Hears that this network cannot be used. */
  readonly onProblem: (error: unknown) => void;
}

/** Names of one's own are announced twice, for packets get lost; questions are answered at most so often. */
const repeatAfterMs = 1_000;
const closeMs = 500;

/**
 * Speaks multicast DNS (RFC 6762) on one network. Packets are sent to the group of the network only, never to whoever asks, and those from elsewhere are not
 * listened to: so nobody on the internet can ask, or have others flooded.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6762
 */
export class LanSpeaker {
  private readonly dns: MulticastDNS;
  private readonly network = new BlockList();
  private readonly repeatTimer: NodeJS.Timeout;
  private answeredAtMs = -Infinity;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly place: LanInterface,
    private readonly parts: LanSpeakerParts,
  ) {
    const [address = '', bits = ''] = place.network.split('/');
    this.network.addSubnet(address, Number(bits));
    this.dns = makeMulticastDns({ interface: place.address, bind: '0.0.0.0', port: parts.port });
    // It is told again with each packet that is to be sent.
    this.dns.once('error', parts.onProblem).on('error', () => undefined);
    // Of packets that are no DNS, which anybody can send.
    this.dns.on('warning', () => undefined);
    this.dns.on('ready', this.begin);
    this.dns.on('query', ({ questions = [] }, { address: host }) => {
      const isMeant = questions.some(({ name, type }) => name.toLowerCase() === lanService && (type === 'PTR' || (type as string) === 'ANY'));
      if (isMeant && this.isHere(host)) this.answer();
    });
    this.dns.on('response', (packet, { address: host }) => {
      if (!this.isHere(host)) return;
      for (const announcement of readAnnouncements(packet, limits.maxLanNodesOfAddress))
        if (announcement.instance !== parts.instance) parts.onHeard(announcement, host);
    });
    this.repeatTimer = setTimeout(this.begin, repeatAfterMs).unref();
  }

  /** Whether it speaks for this node there. */
  serves({ address, network, port }: LanInterface): boolean {
    const { place } = this;
    return place.address === address && place.network === network && place.port === port;
  }

  /** Says that this node is there, if it takes connections. */
  announce(): void {
    this.tell(limits.lanForgetMs / 1000);
  }

  /** Says goodbye, and ends. May be called again; resolves soon. Never fails. */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private readonly begin = (): void => {
    if (this.closing) return;
    this.dns.query({ questions: [{ type: 'PTR', name: lanService }] });
    this.announce();
  };

  private answer(): void {
    const nowMs = performance.now();
    if (this.closing || nowMs - this.answeredAtMs < repeatAfterMs) return;
    this.answeredAtMs = nowMs;
    this.announce();
  }

  private async end(): Promise<void> {
    clearTimeout(this.repeatTimer);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeMs);
      this.tell(0, resolve);
    });
    clearTimeout(timer);
    await new Promise<void>((resolve) => {
      this.dns.destroy(resolve);
    }).catch(() => undefined);
  }

  /** A packet that cannot be sent, as where the cable is out, is as good as one that got lost. */
  private tell(ttlSeconds: number, onSent: () => void = () => undefined): void {
    const { address, port } = this.place;
    if (port === undefined) onSent();
    else this.dns.respond(announcementRecords({ instance: this.parts.instance, port, ttlSeconds }, address), onSent);
  }

  private isHere(host: string): boolean {
    return this.network.check(host);
  }
}
