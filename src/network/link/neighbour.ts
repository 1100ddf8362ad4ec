import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type NodeFacts } from '../greeting.js';
import { type LinkFacts, linkKinds } from '../link-facts.js';
import { type CallerConnection } from './caller-connection.js';
import { type DialedPair } from './dialed-pair.js';
import { type Link } from './link.js';
import { type RepeatedTry } from './repeated-try.js';

/** What a neighbour tells those who own it. */
export interface NeighbourEvents {
  /** It was connected, or is not any more, or is by another connection. */
  onChange(neighbour: Neighbour): void;
  /** The last connection over which it could be called has ended. */
  onLost(neighbour: Neighbour, link: Link): void;
  /** A connection of any kind has ended. */
  onConnectionEnded(neighbour: Neighbour): void;
}

/** Another node, and all connections with it. */
export class Neighbour {
  /** Tries to connect it. */
  readonly tries: RepeatedTry;
  /** Why it could not be connected the last time, for people; empty if it could or was not tried. */
  lastError = '';
  /** Whether that was so because no channel which both have joined lists both. */
  hasRefused = false;
  private readonly links = new Set<Link>();
  private readonly callers = new Set<CallerConnection>();
  private readonly pairs = new Set<DialedPair>();
  private told: NodeFacts | undefined;
  /** Why all connections end, also those that come from now on; undefined as long as they may be. */
  private closing: KacheryError | undefined;

  /** @param ownId Id of this node. */
  constructor(
    readonly nodeId: NodeId,
    private readonly ownId: NodeId,
    private readonly events: NeighbourEvents,
    makeTries: (neighbour: Neighbour) => RepeatedTry,
  ) {
    this.tries = makeTries(this);
  }

  /** The connection to call it over, the same pair at both ends where there are several; undefined if it is not connected. */
  get best(): Link | undefined {
    return [...this.links].filter(({ isAuthorized }) => isAuthorized).sort((one, other) => this.byPreference(one, other))[0];
  }

  /** What it said of itself last. */
  get facts(): NodeFacts | undefined {
    return this.told;
  }

  /** Whether this node has dialed it. */
  get isDialed(): boolean {
    return this.pairs.size > 0;
  }

  /** Whether it calls this node, and is authorised to. */
  get isCalling(): boolean {
    return [...this.callers].some(({ isAuthorized }) => isAuthorized);
  }

  /** Whether there is any connection with it. */
  get isThere(): boolean {
    return this.links.size > 0 || this.callers.size > 0;
  }

  /** Whether no call is under way in either direction. */
  get isUnused(): boolean {
    return [...this.links].every(({ channel }) => channel.openCalls === 0) && [...this.callers].every(({ openCalls }) => openCalls === 0);
  }

  /** All connections over which it is called. */
  get allLinks(): readonly Link[] {
    return [...this.links];
  }

  /** All connections over which it calls. */
  get allCallers(): readonly CallerConnection[] {
    return [...this.callers];
  }

  /** Remembers what it says of itself. */
  learn(facts: NodeFacts): void {
    this.told = facts;
  }

  /** Remembers why it could not be connected, or that there is nothing to tell. */
  noteFailure(failure: KacheryError | undefined): void {
    this.lastError = failure?.message ?? '';
    // A relay on the way may refuse, too.
    this.hasRefused = failure?.reason === 'not-authorized' && failure.details['node'] === this.nodeId;
  }

  /** Adds both connections that this node has dialed. */
  addPair(pair: DialedPair): void {
    this.pairs.add(pair);
    pair.link.signal.addEventListener('abort', () => this.pairs.delete(pair), { once: true });
    this.addCaller(pair.caller);
    this.addLink(pair.link);
  }

  /** Adds a connection over which it is called; the oldest gives way if there are too many, for it may be dead without anybody having noticed. */
  addLink(link: Link): void {
    this.links.add(link);
    closeOldest(this.links, (reason, oldest) => oldest.close(reason));
    this.noteFailure(undefined);
    const remove = (): void => {
      this.remove(link);
    };
    if (link.signal.aborted) remove();
    else link.signal.addEventListener('abort', remove, { once: true });
    this.events.onChange(this);
    if (this.closing) link.close(this.closing);
  }

  /** Adds a connection over which it calls, as above. */
  addCaller(caller: CallerConnection): void {
    if (this.callers.has(caller)) return;
    this.callers.add(caller);
    caller.whenClosed(() => {
      this.callers.delete(caller);
      this.events.onConnectionEnded(this);
    });
    closeOldest(this.callers, (reason, oldest) => void oldest.close(reason));
    if (this.closing) void caller.close(this.closing);
  }

  /** Ends those connections that no channel authorises any more; `again` is done with the others over which it is called. */
  recheck(reason: KacheryError, again: (link: Link) => void): void {
    for (const caller of this.callers) caller.closeUnlessAuthorized();
    for (const link of this.links) {
      if (link.isAuthorized) again(link);
      else link.close(reason);
    }
  }

  /** Takes samples of the traffic, closes what is silent for so long, and what this node has dialed and nobody has used for so long beside a better one. */
  tend({ silenceMs, surplusIdleMs }: { readonly silenceMs: number; readonly surplusIdleMs: number }, silent: () => KacheryError): void {
    for (const { meter } of [...this.links, ...this.callers]) meter.sample();
    for (const caller of this.callers) if (caller.meter.silentMs > silenceMs) void caller.close(silent());
    const { best } = this;
    for (const pair of this.pairs) if (best && pair.link !== best) pair.closeIfIdle(surplusIdleMs);
  }

  /** Ends all connections now, and lets them be made again. */
  drop(reason: KacheryError): void {
    for (const caller of this.callers) void caller.close(reason);
    for (const link of this.links) link.close(reason);
  }

  /** Closes what this node has dialed if nobody has used it for so long. */
  closeIfIdle(idleMs: number): void {
    for (const pair of this.pairs) pair.closeIfIdle(idleMs, 'because nobody used it');
  }

  /** Ends all connections, and those that are added from now on as they come. Resolves when the ones that there were are closed, and no try goes on. */
  async close(reason: KacheryError): Promise<void> {
    this.closing ??= reason;
    const [links, callers] = [this.allLinks, this.allCallers];
    for (const link of links) link.close(reason);
    await Promise.all([this.tries.close(), ...callers.map((caller) => caller.close(reason)), ...links.map((link) => link.closed())]);
    // Those that a try, or a greeting, has just brought.
    await Promise.all(this.allCallers.map((caller) => caller.close(reason)));
  }

  /** What people may know of the way to it; `label` is what a channel calls it. */
  linkFacts(label: string): LinkFacts {
    const { best, told, nodeId, lastError } = this;
    const meters = best ? [...this.links, ...this.callers].map(({ meter }) => meter) : [];
    const sum = (value: (meter: (typeof meters)[number]) => number): number => Math.round(meters.reduce((total, meter) => total + value(meter), 0));
    return {
      nodeId,
      label: told && told.label !== '' ? told.label : label,
      version: told?.version ?? '',
      isConnected: best !== undefined,
      kind: best?.origin.kind,
      remoteAddress: best?.origin.remoteAddress ?? '',
      roundTripMs: best?.roundTripMs,
      receivedBytesPerSecond: sum(({ bytesPerSecond }) => bytesPerSecond.received),
      sentBytesPerSecond: sum(({ bytesPerSecond }) => bytesPerSecond.sent),
      receivedBytes: sum(({ bytes }) => bytes.received),
      sentBytes: sum(({ bytes }) => bytes.sent),
      connectedAtMs: best?.connectedAtMs,
      lastError,
      clockOffsetMs: best?.clockOffsetMs,
      reach: best?.reach,
    };
  }

  private remove(link: Link): void {
    if (!this.links.delete(link)) return;
    if (!this.best) this.events.onLost(this, link);
    this.events.onChange(this);
    this.events.onConnectionEnded(this);
  }

  /** A better kind first; of one kind, what the node with the smaller id has dialed; then the newest. */
  private byPreference(one: Link, other: Link): number {
    const rank = ({ origin }: Link): number => linkKinds.indexOf(origin.kind) * 2 + Number(origin.isDialed !== this.ownId < this.nodeId);
    return rank(one) - rank(other) || other.openedAtMs - one.openedAtMs;
  }
}

function closeOldest<Connection>(all: Set<Connection>, close: (reason: KacheryError, oldest: Connection) => void): void {
  const [oldest] = all;
  if (oldest !== undefined && all.size > limits.maxConnectionsOfNode) close(superseded(), oldest);
}

function superseded(): KacheryError {
  return new KacheryError('node-unreachable', 'The connection was closed because newer ones with the same node have taken its place.');
}
