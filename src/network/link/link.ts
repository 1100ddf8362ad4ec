import { setMaxListeners } from 'node:events';

import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type Clock } from '../../core/clock.js';
import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { type AddressReach } from '../addresses/address-reach.js';
import { type Greeting, type GreetingAnswer, type NodeFacts } from '../greeting.js';
import { type LinkKind } from '../link-facts.js';
import { type ChannelTag, type Membership } from '../membership.js';
import { greetingAnswerOf, greetRequest } from './greeting-messages.js';
import { type LinkTiming } from './link-timing.js';
import { PeerChannel } from './peer-channel.js';
import { nodeName } from './peer-failure.js';
import { type SecureStream } from './secure-stream.js';
import { TrafficMeter } from './traffic-meter.js';

/** How a link came about. */
export interface LinkOrigin {
  readonly kind: LinkKind;
  /** Address at the other end, or the id of the relay. */
  readonly remoteAddress: string;
  /** True if this node dialed. */
  readonly isDialed: boolean;
}

/** What a link works with. */
export interface LinkParts {
  readonly membership: Pick<Membership, 'tags' | 'compare'>;
  /** What this node says of itself now. */
  readonly ownFacts: () => NodeFacts;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: Pick<LinkTiming, 'connectMs' | 'pulseMs' | 'pulseTimeoutMs'>;
  /** Address of an Anteroom. */
  readonly anteroom: string;
  /** Name of the node by its channel, for messages; may be empty. */
  readonly labelOf: (nodeId: NodeId) => string;
}

/** A connection over which this node calls another one, and what is known of that one. It is greeted now and then, so that it is noticed when it is gone. */
export class Link {
  readonly channel: PeerChannel;
  readonly meter: TrafficMeter;
  /** When it was connected, in milliseconds since 1970 UTC. */
  readonly connectedAtMs: number;
  /** When it was connected, as performance.now() tells. */
  readonly openedAtMs = performance.now();
  /** Nodes that this one was connected with when it was asked for members the last time. */
  neighbours: ReadonlySet<NodeId> = new Set();
  private readonly ending = new AbortController();
  private readonly socket: SecureStream['socket'];
  private told: NodeFacts | undefined;
  private toldReach: AddressReach = { reached: [], unreached: [] };
  private shared: readonly ChannelTag[] = [];
  private lastRoundTripMs: number | undefined;
  private lastClockOffsetMs: number | undefined;
  private pulseTimer: NodeJS.Timeout | undefined;

  private constructor(
    readonly nodeId: NodeId,
    secure: SecureStream,
    readonly origin: LinkOrigin,
    private readonly parts: LinkParts,
  ) {
    this.socket = secure.socket;
    setMaxListeners(0, this.ending.signal);
    this.connectedAtMs = parts.clock.now();
    this.meter = new TrafficMeter(secure.socket);
    this.channel = new PeerChannel(secure.socket, parts.anteroom, () => this);
    secure.socket.once('close', () => {
      this.close(new KacheryError('node-unreachable', `${nodeName(this)}: the connection has ended`, { node: nodeId }));
    });
  }

  /**
   * The link over a stream whose other end serves, when both nodes have greeted and agree that a channel authorises them. Fails with `not-authorized` if they do
   * not, with `node-unreachable`, and with what the node says, such as `too-busy`. The stream is destroyed then.
   */
  static async open(secure: SecureStream, origin: LinkOrigin, parts: LinkParts, signal: AbortSignal): Promise<Link> {
    const link = new Link(secure.nodeId, secure, origin, parts);
    const stop = (): void => {
      link.close(new KacheryError('cancelled', 'The attempt to connect was given up.', {}, { cause: signal.reason }));
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await link.channel.ready(parts.timing.connectMs);
      await link.greet({ signal, timeoutMs: parts.timing.connectMs });
      link.pulseLater();
      return link;
    } catch (error) {
      link.close(error instanceof KacheryError ? error : new KacheryError('internal', String(error), {}, { cause: error }));
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Aborted when the link has ended, with a KacheryError as its reason. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** Name for people: its own if it told one, otherwise that of the channel; may be empty. */
  get label(): string {
    const { label = '' } = this.told ?? {};
    return label === '' ? this.parts.labelOf(this.nodeId) : label;
  }

  /** What the node said of itself last. */
  get facts(): NodeFacts | undefined {
    return this.told;
  }

  /** Where the node has found this one, and where it has not, as it said last. */
  get reach(): AddressReach {
    return this.toldReach;
  }

  /** Time from a greeting to its answer, in milliseconds. */
  get roundTripMs(): number | undefined {
    return this.lastRoundTripMs;
  }

  /** How far the node's clock is before this node's, in milliseconds. */
  get clockOffsetMs(): number | undefined {
    return this.lastClockOffsetMs;
  }

  /** Whether, by what both nodes said last, a channel authorises both now. */
  get isAuthorized(): boolean {
    return !this.signal.aborted && this.sharedTags().length > 0;
  }

  /** Of the channels that both nodes said last, those that authorise both now. */
  sharedTags(): readonly ChannelTag[] {
    return this.parts.membership.compare(this.nodeId, this.shared).shared;
  }

  /** Greets the node. Fails with `not-authorized` if the two do not agree on a channel any more, and as every call. */
  async greet({ signal, timeoutMs }: { readonly signal?: AbortSignal | undefined; readonly timeoutMs: number }): Promise<void> {
    const greeting = this.greeting();
    const [startMs, startClockMs] = [performance.now(), this.parts.clock.now()];
    const response = await this.channel.unary(PeerServiceService.greet, greetRequest(greeting), { signal, silentMs: timeoutMs });
    const roundTripMs = performance.now() - startMs;
    const answer = greetingAnswerOf(response, greeting.tags);
    this.shared = answer.shared;
    if (!this.isAuthorized) throw this.refused(answer);
    this.told = answer.node;
    this.toldReach = answer.reach;
    this.lastRoundTripMs = roundTripMs;
    const { clockMs } = answer.node ?? {};
    this.lastClockOffsetMs = clockMs === undefined ? undefined : clockMs - (startClockMs + roundTripMs / 2);
  }

  /** Greets the node again, and closes the link if it is silent or does not agree any more. Never fails. */
  async pulse(): Promise<void> {
    const receivedBytes = this.meter.bytes.received;
    try {
      await this.greet({ signal: this.signal, timeoutMs: this.parts.timing.pulseTimeoutMs });
    } catch (error) {
      // Where a slow line is full, the answer is late, but something comes.
      const isAlive = this.meter.bytes.received > receivedBytes && !(error instanceof KacheryError && error.reason === 'not-authorized');
      if (!isAlive) this.close(error as KacheryError);
    }
    this.pulseLater();
  }

  /** Ends the link and what is under way on it. May be called again: the first reason counts. */
  close(reason: KacheryError): void {
    this.ending.abort(reason);
    clearTimeout(this.pulseTimer);
    this.channel.close();
  }

  /** Resolves when the socket is closed, too. */
  async closed(): Promise<void> {
    if (!this.socket.closed)
      await new Promise<void>((resolve) =>
        this.socket.once('close', () => {
          resolve();
        }),
      );
  }

  /** Tells no more channels than those that authorise the node, as far as this one knows: what else this node has joined is not its concern. */
  private greeting(): Greeting {
    const { membership, ownFacts } = this.parts;
    const { shared } = membership.compare(this.nodeId, membership.tags());
    if (shared.length === 0) throw new KacheryError('not-authorized', `${nodeName(this)}: no joined channel lists it and this node`, { node: this.nodeId });
    return { tags: shared, node: ownFacts() };
  }

  private refused({ shared, refused }: GreetingAnswer): KacheryError {
    const hasJoined = shared.length > 0 || refused.length > 0;
    return new KacheryError(
      'not-authorized',
      hasJoined
        ? `${nodeName(this)}: as it has read the channel last, the channel does not list this node; it reads it again every few minutes`
        : `${nodeName(this)}: it has not joined the channel that lists it`,
      { node: this.nodeId },
    );
  }

  private pulseLater(): void {
    clearTimeout(this.pulseTimer);
    if (this.signal.aborted) return;
    const { timing, random } = this.parts;
    this.pulseTimer = setTimeout(() => void this.pulse(), timing.pulseMs * (0.9 + random() / 5)).unref();
  }
}
