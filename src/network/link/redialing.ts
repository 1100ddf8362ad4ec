import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type AddressBook, type Seed } from '../addresses/address-book.js';
import { type Membership } from '../membership.js';
import { type LargeChannels } from '../providers/large-channels.js';
import { membersToDial } from '../providers/members-to-dial.js';
import { BoundedSignal } from './bounded-signal.js';
import { type Link } from './link.js';
import { type LinkDialer, type Route } from './link-dialer.js';
import { type LinkMaker } from './link-maker.js';
import { type LinkTiming } from './link-timing.js';
import { type Neighbour } from './neighbour.js';
import { type Neighbours } from './neighbours.js';
import { RepeatedTry, type TryOutcome } from './repeated-try.js';
import { Slots } from './slots.js';
import { unreachable } from './unreachable.js';

/** What redialing works with. */
export interface RedialingParts {
  readonly ownId: NodeId;
  readonly membership: Pick<Membership, 'members'>;
  readonly large: LargeChannels;
  readonly addresses: AddressBook;
  readonly neighbours: Neighbours;
  readonly dialer: LinkDialer;
  readonly maker: LinkMaker;
  readonly random: () => number;
  readonly timing: LinkTiming;
  readonly log: StructuredLog;
}

/** How dialing ended: with the node that is connected now, or with a failure. */
interface Dialed {
  readonly nodeId?: NodeId;
  readonly failure?: KacheryError;
}

/** How much longer a node waits that was dialed by the one that it has lost: that one comes back by itself. */
const dialedNodePatience = 3;

/** Connects members that are not connected, and whoever is at addresses of which nobody says whose they are, again and again until it is done. */
export class Redialing {
  private readonly seeds = new Map<string, RepeatedTry>();
  private readonly slots = new Slots(limits.maxDials);
  /** Where anybody may say that there are nodes, dialing must not keep those from being dialed that this node's owner or a channel names. */
  private readonly announcedSlots = new Slots(limits.maxAnnouncedDials);
  /** Connections whose other end was looked for at its addresses. */
  private readonly checked = new WeakSet<Link>();
  private isClosing = false;
  /** Members of large channels that could not be connected, or were lost, and when they may be dialed again without being asked for. */
  private readonly leftUntilMs = new Map<NodeId, number>();

  constructor(private readonly parts: RedialingParts) {}

  /** Tries to connect a neighbour, which has to keep them. */
  triesFor(neighbour: Neighbour): RepeatedTry {
    return new RepeatedTry((signal) => this.slots.use(() => this.tryNeighbour(neighbour, signal)), this.parts);
  }

  /** Starts to try what is new in the joined channels, and forgets the failures of the rest. */
  refresh(): void {
    const { membership, neighbours } = this.parts;
    for (const nodeId of membership.members().keys()) {
      if (nodeId === this.parts.ownId) continue;
      const { tries } = neighbours.of(nodeId);
      if (!this.parts.large.isClose(nodeId)) continue;
      tries.forgive();
      tries.later(0);
    }
    this.refreshSeeds();
    for (const tries of this.seeds.values()) {
      tries.forgive();
      tries.later(0);
    }
  }

  /** Starts to try addresses that are new, and ends the tries of those that are not told any more. */
  refreshSeeds(): void {
    if (this.isClosing) return;
    const { addresses } = this.parts;
    const wanted = new Set(addresses.seeds().map(({ address }) => address));
    for (const [address, tries] of this.seeds) {
      if (wanted.has(address)) continue;
      this.seeds.delete(address);
      void tries.close();
    }
    for (const address of wanted) {
      if (this.seeds.has(address)) continue;
      const tries = new RepeatedTry((signal) => this.slotsFor(address).use(() => this.trySeed(address, signal)), this.parts);
      this.seeds.set(address, tries);
      tries.later(0);
    }
  }

  /** Begins to connect with more members of large channels if there are fewer connections than are kept, those first that come first in this node's order. */
  dialMore(): void {
    const { large, neighbours, dialer } = this.parts;
    if (this.isClosing || large.all().length === 0) return;
    if (neighbours.count(({ isThere }) => isThere) === 0) for (const tries of this.seeds.values()) tries.later(0);
    const nowMs = performance.now();
    const canDial = (nodeId: NodeId): boolean =>
      neighbours.get(nodeId)?.best === undefined && (this.leftUntilMs.get(nodeId) ?? 0) <= nowMs && dialer.routesTo(nodeId).length > 0;
    const dialed = neighbours.count(({ isDialed }) => isDialed);
    for (const nodeId of membersToDial(large.order(), { kept: large.keptLinks, dialed, canDial })) neighbours.of(nodeId).tries.later(0);
  }

  /**
   * Tries these nodes at once, and the seeds that may be they: all but those that only somebody announced, where another node was met or none yet. Resolves when
   * each try has ended or had failed just before.
   */
  async now(nodeIds: readonly NodeId[]): Promise<void> {
    const { addresses, neighbours, large } = this.parts;
    const tries = nodeIds.flatMap((nodeId) => neighbours.get(nodeId)?.tries ?? []);
    // Whoever looks for one of a thousand members knows where it is, or somebody knows who is connected.
    const isEverybodyClose = nodeIds.every((nodeId) => large.isClose(nodeId));
    const seeds = isEverybodyClose
      ? addresses.seeds().filter((seed) => !isAnnounced(seed) || (seed.nodeId !== undefined && nodeIds.includes(seed.nodeId)))
      : [];
    const seedTries = seeds.flatMap(({ address }) => this.seeds.get(address) ?? []);
    await Promise.all([...tries, ...seedTries].map((each) => each.now()));
  }

  /** Tries a node again whose last link has ended. */
  recover(neighbour: Neighbour, { signal, openedAtMs, origin }: Link): void {
    if (this.isClosing) return;
    const { timing, random, large } = this.parts;
    const failure = signal.reason as KacheryError;
    neighbour.noteFailure(failure);
    if (!large.isClose(neighbour.nodeId)) {
      this.leave(neighbour.nodeId);
      return;
    }
    const isStable = performance.now() - openedAtMs >= timing.stableAfterMs;
    const pauseMs = failure.reason === 'not-authorized' ? timing.refusedRetryMs : timing.firstRetryMs * (origin.isDialed ? 1 : dialedNodePatience);
    for (const tries of [neighbour.tries, ...this.seedsOf(neighbour.nodeId)]) {
      if (isStable) tries.forgive();
      else tries.countFailure();
      // It may have waited minutes for a better connection than the one that is lost.
      tries.anew(pauseMs * (0.5 + random() / 2));
    }
  }

  /** Ends all tries of seeds; those of neighbours are theirs. */
  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all([...this.seeds.values()].map((tries) => tries.close()));
  }

  private slotsFor(address: string): Slots {
    const seed = this.parts.addresses.seedAt(address);
    return seed && isAnnounced(seed) ? this.announcedSlots : this.slots;
  }

  private seedsOf(nodeId: NodeId): readonly RepeatedTry[] {
    return this.parts.addresses.seeds().flatMap((seed) => (seed.nodeId === nodeId ? (this.seeds.get(seed.address) ?? []) : []));
  }

  private async tryNeighbour(neighbour: Neighbour, signal: AbortSignal): Promise<TryOutcome> {
    const { nodeId } = neighbour;
    const { membership, dialer, neighbours } = this.parts;
    const { best } = neighbour;
    if (signal.aborted || !membership.members().has(nodeId)) return 'nothing';
    if (best?.origin.kind === 'direct') return this.checkReach(neighbour, best, signal);
    const routes = dialer.routesTo(nodeId, best?.origin.kind);
    if (best && routes.length === 0) return this.lookForBetter();
    if (routes.length === 0) {
      neighbour.lastError ||= 'No address of it is known: it has to connect to this node, or to another member that both are connected with.';
      return 'nothing';
    }
    const { failure } = await this.dial(routes, signal);
    // Meanwhile it may have connected by itself.
    neighbour.noteFailure(neighbours.get(nodeId)?.best ? undefined : failure);
    // With one that is connected in a worse way, there is time.
    if (neighbour.best) return neighbour.best.origin.kind === 'direct' ? 'done' : this.lookForBetter();
    if (failure && !this.parts.large.isClose(nodeId)) return this.leave(nodeId);
    return failure ? this.failed(failure) : 'done';
  }

  /** Of a large channel there are others: one that is not there is not tried again and again. */
  private leave(nodeId: NodeId): TryOutcome {
    this.leftUntilMs.set(nodeId, performance.now() + this.parts.timing.passedOverMs);
    for (const left of this.leftUntilMs.keys()) if (this.leftUntilMs.size > limits.maxChannelNodes) this.leftUntilMs.delete(left);
    return 'nothing';
  }

  /** Whether a node that has dialed this one can be dialed, too, is tried once for each connection, so that it can be told. */
  private async checkReach(neighbour: Neighbour, link: Link, signal: AbortSignal): Promise<TryOutcome> {
    const { dialer, addresses, timing } = this.parts;
    const { nodeId } = neighbour;
    const routes = dialer.routesTo(nodeId, 'hole-punched');
    if (link.origin.isDialed || this.checked.has(link) || routes.length === 0) return 'nothing';
    this.checked.add(link);
    const bounded = new BoundedSignal(signal, timing.connectMs, () => unreachable(nodeId, 'it did not answer in time'));
    try {
      const { secure, route } = await dialer.dialToCall(routes, { signal: bounded.signal, onDialed: () => undefined });
      secure.socket.destroy();
      addresses.noteSuccess(nodeId, route.destination.address);
    } catch {
      if (!signal.aborted) for (const { destination } of routes) addresses.noteFailure(nodeId, destination.address);
    } finally {
      bounded.release();
    }
    return 'nothing';
  }

  private lookForBetter(): TryOutcome {
    const { timing, random } = this.parts;
    return { againMs: timing.betterLinkMs * (0.9 + random() / 5) };
  }

  private async trySeed(address: string, signal: AbortSignal): Promise<TryOutcome> {
    const { addresses, dialer, neighbours, ownId, log } = this.parts;
    const seed = addresses.seedAt(address);
    const isConnected = seed?.nodeId !== undefined && neighbours.get(seed.nodeId)?.best !== undefined;
    if (signal.aborted || !seed || seed.nodeId === ownId || isConnected) return 'nothing';
    const { failure, nodeId } = await this.dial(dialer.routesToAddress(address), signal);
    if (nodeId === ownId) addresses.noteMet(nodeId, address);
    else if (nodeId !== undefined) addresses.noteSuccess(nodeId, address);
    if (!failure) return 'done';
    const met = neighbours.get(failure.details['node'] as NodeId);
    if (met && !met.best) met.noteFailure(failure);
    log.info({ address, problem: failure.message }, 'no node could be connected at an address');
    const isStranger = failure.reason === 'not-authorized' && isAnnounced(seed);
    return isStranger ? { failed: true, leastPauseMs: limits.strangerPauseMs } : this.failed(failure);
  }

  private async dial(routes: readonly Route[], signal: AbortSignal): Promise<Dialed> {
    const { maker, timing, neighbours, addresses } = this.parts;
    if (neighbours.count(({ isDialed }) => isDialed) >= limits.maxLinks && !this.makeRoom()) return { failure: enoughLinks() };
    const where = routes[0]?.destination.address ?? '';
    const bounded = new BoundedSignal(signal, timing.connectMs, () => unreachable(where, `no connection stood after ${String(timing.connectMs / 1000)} s`));
    const onDialed = ({ destination: { nodeId, address } }: Route, error: unknown): void => {
      if (error !== undefined && nodeId !== undefined) addresses.noteFailure(nodeId, address);
    };
    try {
      return { nodeId: await maker.connect(routes, { signal: bounded.signal, onDialed }) };
    } catch (error) {
      // Whoever has not answered at all by now is not there either.
      if (bounded.signal.aborted && !signal.aborted) for (const route of routes) onDialed(route, error);
      return { failure: error instanceof KacheryError ? error : new KacheryError('internal', String(error), {}, { cause: error }) };
    } finally {
      bounded.release();
    }
  }

  /** Closes a connection that nobody uses with a member of a large channel, and tells whether there was one. */
  private makeRoom(): boolean {
    const { neighbours, large } = this.parts;
    const unused = neighbours.all().find((neighbour) => neighbour.isDialed && neighbour.isUnused && !large.isClose(neighbour.nodeId));
    unused?.drop(new KacheryError('node-unreachable', 'The connection was closed, for nobody used it and others are needed.', {}));
    return unused !== undefined;
  }

  private failed({ reason }: KacheryError): TryOutcome {
    const { refusedRetryMs } = this.parts.timing;
    return { failed: true, leastPauseMs: reason === 'not-authorized' || reason === 'too-busy' ? refusedRetryMs : 0 };
  }
}

/** Anybody may announce himself in the DHT, and on the local network. */
function isAnnounced({ origin }: Seed): boolean {
  return origin === 'dht' || origin === 'lan';
}

function enoughLinks(): KacheryError {
  const limit = String(limits.maxLinks);
  return new KacheryError('too-busy', `This node has connected to ${limit} others already, as many as it does by itself.`, { limit });
}
