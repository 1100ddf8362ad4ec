import { KacheryError } from '../core/failure.js';
import { type NodeId, parseNodeId } from '../core/node-id.js';
import { type NodeFacts } from './greeting.js';
import { Anteroom } from './link/anteroom.js';
import { BoundedSignal } from './link/bounded-signal.js';
import { CallerDesk } from './link/caller-desk.js';
import { learnAddresses } from './link/learn-addresses.js';
import { type Link, type LinkParts } from './link/link.js';
import { LinkAcceptor } from './link/link-acceptor.js';
import { LinkDialer } from './link/link-dialer.js';
import { LinkMaker } from './link/link-maker.js';
import { defaultLinkTiming, type LinkTiming } from './link/link-timing.js';
import { exchangeMembers } from './link/member-exchange.js';
import { type Neighbour } from './link/neighbour.js';
import { Neighbours } from './link/neighbours.js';
import { Redialing } from './link/redialing.js';
import { SecureHandshakes } from './link/secure-handshakes.js';
import { type LinkFacts } from './link-facts.js';
import { LargeChannels } from './providers/large-channels.js';
import { type LinksOptions, type LinksParts } from './links-parts.js';

/** A clock that goes on while the machine sleeps runs ahead of ticks by so many of them when it wakes. */
const sleepTicks = 6;

/** Who knows where so many of the members of large channels are asks nobody else at once. */
const enoughKnown = 0.9;

/** So that those who wait for a connection hear why a try took too long. */
const graceMs = 250;

/**
 * All connections with other nodes: dials members of the joined channels, takes connections from them, keeps one with each, makes it again when it broke, and
 * ends it when no channel authorises it any more.
 */
export class Links {
  /** Which joined channels are too large for everybody in them to be connected. */
  readonly large: LargeChannels;
  private readonly timing: LinkTiming;
  private readonly neighbours: Neighbours;
  private readonly acceptor: LinkAcceptor;
  private readonly redialing: Redialing;
  private readonly watchers = new Set<() => void>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly asking = new Set<Promise<void>>();
  private stopWatching: (() => void) | undefined;
  private closing: Promise<void> | undefined;
  private tickedAtMs: number;

  private constructor(
    private readonly parts: LinksParts,
    private readonly options: LinksOptions,
    private readonly anteroom: Anteroom,
  ) {
    const ownId = parseNodeId(parts.identity.nodeId);
    const timing = { ...defaultLinkTiming, ...options.timing };
    const { membership, random, log, carriers } = parts;
    const large = new LargeChannels(ownId, membership, options.largeChannels);
    const ownFacts = (): NodeFacts => this.ownFacts();
    const linkParts: LinkParts = { ...parts, ownFacts, timing, anteroom: anteroom.address, labelOf: (nodeId) => this.labelOf(nodeId) };
    const handshakes = new SecureHandshakes(parts.identity, { handshakeMs: timing.connectMs });
    const neighbours = new Neighbours(ownId, this.neighbourEvents(), (neighbour) => this.redialing.triesFor(neighbour));
    const host = new CallerDesk({ ...parts, large, neighbours, timing, ownFacts, onGreeted: (nodeId) => this.onGreeted(nodeId) });
    const dialer = new LinkDialer(carriers, handshakes, timing);
    const maker = new LinkMaker({
      ...{ ownId, membership, dialer, host, linkParts, neighbours },
      onPair: (pair) => {
        neighbours.of(pair.link.nodeId).addPair(pair);
        this.onLink(pair.link);
      },
    });
    const onLink = (link: Link): void => {
      neighbours.of(link.nodeId).addLink(link);
      this.onLink(link);
    };
    this.large = large;
    this.timing = timing;
    this.neighbours = neighbours;
    this.acceptor = new LinkAcceptor({ ownId, handshakes, host, linkParts, neighbours, log, onLink });
    this.redialing = new Redialing({ ...parts, ownId, large, neighbours, dialer, maker, random, timing });
    this.tickedAtMs = parts.clock.now();
  }

  /** Links that do nothing yet. Fails with `internal` if the system gives no port of the loopback interface. */
  static async open(parts: LinksParts, options: LinksOptions): Promise<Links> {
    return new Links(parts, options, await Anteroom.open());
  }

  /**
   * Begins to dial, and to listen once a channel is joined. Fails with `invalid-argument` if one is joined and it cannot listen as it was told; where the first
   * one is joined later, that is logged.
   */
  async start(): Promise<void> {
    const { membership, addresses } = this.parts;
    addresses.setSeeds('static', this.options.staticPeers ?? []);
    await this.listen();
    if (this.closing) return;
    const stops = [membership.watch(this.onMembershipChange.bind(this)), addresses.watchSeeds(this.redialing.refreshSeeds.bind(this.redialing))];
    this.stopWatching = () => {
      for (const stop of stops) stop();
    };
    this.every(this.timing.tickMs, () => {
      this.tick();
    });
    this.every(this.timing.memberExchangeMs * (0.9 + this.parts.random() / 5), () => {
      for (const link of this.toExchangeWith()) this.askForMembers(link);
    });
    this.onMembershipChange();
  }

  /** What is known of the way to each member of the joined channels, and to other nodes that are connected. */
  facts(): readonly LinkFacts[] {
    const known = this.neighbours.all().filter(({ nodeId, best }) => best !== undefined || this.isMember(nodeId));
    return known.map((neighbour) => neighbour.linkFacts(this.labelOf(neighbour.nodeId)));
  }

  /** The connections over which other nodes can be called now, one for each. */
  connected(): readonly Link[] {
    return this.neighbours.all().flatMap(({ best }) => best ?? []);
  }

  /** The connection over which a node can be called now. */
  linkTo(nodeId: NodeId): Link | undefined {
    return this.neighbours.get(nodeId)?.best;
  }

  /** Why a node could not be connected the last time, for people; empty if it was not tried. */
  problemOf(nodeId: NodeId): string {
    return this.neighbours.get(nodeId)?.lastError ?? '';
  }

  /** Whether a node was reached the last time and said that no channel which both have joined lists both. */
  hasRefused(nodeId: NodeId): boolean {
    return this.neighbours.get(nodeId)?.hasRefused ?? false;
  }

  /** Calls `onChange` whenever a node was connected or lost, until the function that it returns is called. */
  watch(onChange: () => void): () => void {
    const watcher = (): void => {
      onChange();
    };
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /**
   * Tries at once to connect these nodes, and those at addresses of which nobody says whose they are. Resolves when each try has ended, or had failed just
   * before, at the latest soon after limits.connectMs or when the signal is aborted. Never fails.
   */
  async connect(nodeIds: readonly NodeId[], signal?: AbortSignal): Promise<void> {
    if (this.closing) return;
    const bounded = new BoundedSignal(signal, this.timing.connectMs + graceMs, () => new Error('the time is over'));
    const over = new Promise<void>((resolve) => {
      const end = (): void => {
        resolve();
      };
      if (bounded.signal.aborted) end();
      bounded.signal.addEventListener('abort', end, { once: true });
    });
    await Promise.race([this.redialing.now(nodeIds), over]);
    bounded.release();
  }

  /** Ends all connections, after telling the other nodes so. May be called again; resolves when nothing of them is left. Never fails. */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private async end(): Promise<void> {
    const reason = new KacheryError('daemon-stopping', 'The node is stopping.');
    this.stopWatching?.();
    for (const timer of this.timers) clearInterval(timer);
    const carriersClosed = Promise.all(this.parts.carriers.map((carrier) => carrier.close()));
    await Promise.all([this.acceptor.close(reason), this.redialing.close(), this.neighbours.close(reason)]);
    await Promise.all(this.asking);
    await Promise.all(this.parts.carriers.map(async (carrier) => carrier.release?.()));
    await carriersClosed;
    this.anteroom.close();
    await this.parts.addresses.close();
  }

  private neighbourEvents() {
    return {
      onChange: () => {
        for (const watcher of this.watchers) watcher();
      },
      onLost: (neighbour: Neighbour, link: Link) => {
        if (!this.closing) this.redialing.recover(neighbour, link);
      },
      onConnectionEnded: (neighbour: Neighbour) => {
        if (!this.isMember(neighbour.nodeId)) this.neighbours.forget(neighbour);
      },
    };
  }

  private async listen(): Promise<void> {
    if (this.parts.membership.tags().length === 0) return;
    const failures: unknown[] = [];
    for (const carrier of this.parts.carriers) {
      if (this.closing) return;
      const listening = carrier.listen((incoming) => {
        this.acceptor.accept(incoming, carrier.kind);
      });
      // Where one way is blocked, others may come in by the next.
      await listening.catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0] as Error;
  }

  private onMembershipChange(): void {
    const { membership, addresses, log } = this.parts;
    addresses.setSeeds('bootstrap', membership.bootstrapAddresses());
    const gone = new KacheryError('not-authorized', 'No joined channel lists it and this node any more.');
    for (const neighbour of this.neighbours.all()) {
      neighbour.recheck(gone, (link) => void link.pulse());
      if (!this.isMember(neighbour.nodeId)) this.neighbours.forget(neighbour);
    }
    addresses.retain((nodeId) => this.neighbours.get(nodeId) !== undefined || this.isMember(nodeId));
    this.redialing.refresh();
    this.listen().catch((error: unknown) => {
      log.error({ err: error }, 'other nodes cannot connect to this one, which can still connect to them');
    });
  }

  /** A node over whose link this one can call. */
  private onLink(link: Link): void {
    if (link.signal.aborted) return;
    const { nodeId, origin, facts } = link;
    const { addresses, log } = this.parts;
    const directAddress = origin.kind === 'direct' ? origin.remoteAddress : undefined;
    if (facts) this.neighbours.of(nodeId).learn(facts);
    if (facts) learnAddresses(addresses, nodeId, { addresses: facts.addresses, origin: 'greeting', remoteAddress: directAddress });
    if (origin.isDialed && directAddress !== undefined) addresses.noteSuccess(nodeId, directAddress);
    log.info({ node: nodeId, label: link.label, ...origin }, 'connected with a node');
    if (origin.kind !== 'direct') this.neighbours.of(nodeId).tries.later(this.timing.betterLinkMs);
    if (this.large.isClose(nodeId) || facts?.isRelay === true || this.knowsTooFew()) this.askForMembers(link);
    if (facts?.isRelay === true) this.askAgain(link, this.timing.firstRetryMs * 2);
  }

  /** A node that greets may be reachable, too, if it does not ask to be called over a connection of its own. */
  private onGreeted(nodeId: NodeId): void {
    if (this.large.isClose(nodeId)) this.neighbours.get(nodeId)?.tries.later(this.timing.firstRetryMs * 4);
  }

  private askForMembers(link: Link): void {
    const before = link.neighbours;
    const asking = exchangeMembers(link, this.parts.membership, this.parts.addresses)
      .then((nodeIds) => {
        for (const nodeId of nodeIds) {
          if (!this.large.isClose(nodeId)) continue;
          const tries = this.neighbours.get(nodeId)?.tries;
          // What failed before it was connected there says nothing any more.
          if (link.neighbours.has(nodeId) && !before.has(nodeId)) tries?.forgive();
          tries?.later(this.parts.random() * this.timing.firstRetryMs);
        }
        this.redialing.dialMore();
      })
      .catch((error: unknown) => {
        this.parts.log.debug({ node: link.nodeId, problem: String(error) }, 'a node did not tell where other members are');
      });
    this.asking.add(asking);
    void asking.finally(() => this.asking.delete(asking));
  }

  /** Members of a large channel know where nearly all others are, and tell many: one of them is asked at a time. */
  private toExchangeWith(): readonly Link[] {
    const connected = this.connected();
    const others = connected.filter(({ nodeId }) => !this.large.isClose(nodeId));
    const chosen = others[Math.floor(this.parts.random() * others.length)];
    return connected.filter((link) => link === chosen || link.facts?.isRelay === true || this.large.isClose(link.nodeId));
  }

  private knowsTooFew(): boolean {
    const { addresses } = this.parts;
    const order = this.large.order();
    return order.filter((nodeId) => addresses.addressesOf(nodeId).length > 0).length < order.length * enoughKnown;
  }

  /** Connections beside those that are kept end when nobody uses them. */
  private closePassing(): void {
    if (this.large.all().length === 0) return;
    const dialed = this.neighbours.all().filter(({ isDialed }) => isDialed);
    const { keptLinks } = this.large;
    const kept = new Set(this.large.order().slice(0, keptLinks));
    const passing = dialed.filter(({ nodeId }) => !kept.has(nodeId) && !this.large.isClose(nodeId));
    for (const neighbour of passing.slice(0, Math.max(0, dialed.length - keptLinks))) neighbour.closeIfIdle(this.timing.passingLinkMs);
  }

  /**
   * A relay is asked again and again, less and less often, who else is there: of two nodes that came to it in the same moment neither has heard of the other,
   * and what a busy relay says first may be old.
   */
  private askAgain(link: Link, afterMs: number): void {
    if (afterMs >= this.timing.memberExchangeMs) return;
    const timer = setTimeout(() => {
      link.signal.removeEventListener('abort', stop);
      this.askForMembers(link);
      this.askAgain(link, afterMs * 2);
    }, afterMs).unref();
    const stop = (): void => {
      clearTimeout(timer);
    };
    link.signal.addEventListener('abort', stop, { once: true });
  }

  private tick(): void {
    const { timing, parts } = this;
    const nowMs = parts.clock.now();
    const hasSlept = nowMs - this.tickedAtMs > sleepTicks * timing.tickMs;
    this.tickedAtMs = nowMs;
    for (const neighbour of this.neighbours.all()) {
      neighbour.tend(timing, () => new KacheryError('node-unreachable', `It sent nothing for ${String(timing.silenceMs / 1000)} s.`));
      if (hasSlept) for (const link of neighbour.allLinks) void link.pulse();
    }
    if (hasSlept) this.redialing.refresh();
    this.closePassing();
    this.redialing.dialMore();
  }

  private every(intervalMs: number, act: () => void): void {
    this.timers.push(setInterval(act, intervalMs).unref());
  }

  private isMember(nodeId: NodeId): boolean {
    return this.parts.membership.members().has(nodeId);
  }

  private labelOf(nodeId: NodeId): string {
    return this.parts.membership.members().get(nodeId)?.label ?? '';
  }

  private ownFacts(): NodeFacts {
    const { label, version, announcedAddresses = [], isRelay } = this.options;
    const addresses = [...announcedAddresses, ...this.parts.carriers.flatMap((carrier) => carrier.listeningAddresses())];
    return { label, version, addresses: [...new Set(addresses)], isRelay: isRelay?.() ?? false, clockMs: this.parts.clock.now() };
  }
}
