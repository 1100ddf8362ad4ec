import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type AddressBook } from '../addresses/address-book.js';
import { type Membership } from '../membership.js';
import { HeardNodes } from './heard-nodes.js';
import { type LanInterface } from './lan-interface.js';
import { LanSpeaker } from './lan-speaker.js';

/** What discovery works with. */
export interface LanDiscoveryParts {
  readonly membership: Pick<Membership, 'tags' | 'watch'>;
  /** Is told where nodes may be. */
  readonly addresses: Pick<AddressBook, 'setSeeds'>;
  /** The networks on which to look for nodes now. */
  readonly interfaces: () => readonly LanInterface[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: StructuredLog;
}

/** How discovery is done. */
export interface LanDiscoveryOptions {
  /** Name of this node's announcements: nothing that says who it is. */
  readonly instance: string;
  /** UDP port; that of multicast DNS unless a test wants another. */
  readonly port?: number;
  /** How often the networks of this machine are looked at. */
  readonly lookMs?: number;
}

const multicastDnsPort = 5353;

/**
 * Finds daemons on the local networks of this machine, and lets them find this one, as long as a channel is joined. All that is told is that there is a daemon at
 * this address and port; who it is, and whether it is of a channel of ours, shows when it is connected. Where it cannot be done, nodes are found in other ways.
 */
export class LanDiscovery {
  private readonly speakers = new Set<LanSpeaker>();
  private readonly ending = new Set<Promise<void>>();
  private readonly heard: HeardNodes;
  private readonly timers: NodeJS.Timeout[] = [];
  private stopWatching: (() => void) | undefined;
  private isClosed = false;

  constructor(
    private readonly parts: LanDiscoveryParts,
    private readonly options: LanDiscoveryOptions,
  ) {
    this.heard = new HeardNodes(parts.clock);
  }

  /** Begins. Never fails. */
  start(): void {
    this.stopWatching = this.parts.membership.watch(() => {
      this.look();
    });
    const announceMs = limits.lanAnnounceMs * (0.9 + this.parts.random() / 5);
    this.timers.push(
      setInterval(this.look, this.options.lookMs ?? limits.lanLookMs).unref(),
      setInterval(() => {
        for (const speaker of this.speakers) speaker.announce();
      }, announceMs).unref(),
    );
    this.look();
  }

  /** Says goodbye on all networks, and forgets what was heard. May be called again; resolves soon. Never fails. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stopWatching?.();
    for (const timer of this.timers) clearInterval(timer);
    this.look();
    await Promise.all(this.ending);
  }

  /** Speaks on the networks that there are, and on no others. */
  private readonly look = (): void => {
    const isWanted = !this.isClosed && this.parts.membership.tags().length > 0;
    const wanted = isWanted ? this.parts.interfaces() : [];
    for (const speaker of this.speakers) if (!wanted.some((place) => speaker.serves(place))) this.end(speaker);
    for (const place of wanted) if (![...this.speakers].some((speaker) => speaker.serves(place))) this.speakers.add(this.speak(place));
    if (this.speakers.size === 0) this.heard.clear();
    this.tellSeeds();
  };

  private speak(place: LanInterface): LanSpeaker {
    const { instance, port = multicastDnsPort } = this.options;
    return new LanSpeaker(place, {
      ...{ instance, port },
      onHeard: (announcement, host) => {
        if (this.heard.hear(announcement, host)) this.tellSeeds();
      },
      onProblem: (error) => {
        this.parts.log.warn({ err: error, address: place.address }, 'nodes on the local network cannot be looked for; they are found in other ways only');
      },
    });
  }

  private end(speaker: LanSpeaker): void {
    this.speakers.delete(speaker);
    const end = speaker.close().finally(() => this.ending.delete(end));
    this.ending.add(end);
  }

  private tellSeeds(): void {
    this.parts.addresses.setSeeds('lan', this.heard.addresses());
  }
}
