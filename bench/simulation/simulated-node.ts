import { type ContentId } from '../../src/core/content-id.js';
import { KacheryError } from '../../src/core/failure.js';
import { limits } from '../../src/core/limits.js';
import { type NodeId } from '../../src/core/node-id.js';
import { type ChannelTag } from '../../src/network/membership.js';
import { type RequestOptions } from '../../src/network/peer.js';
import { ContentAnnouncer } from '../../src/network/providers/content-announcer.js';
import { HolderSearch } from '../../src/network/providers/holder-search.js';
import { type IndexNetwork } from '../../src/network/providers/index-network.js';
import { defaultIndexTiming } from '../../src/network/providers/index-timing.js';
import { type IndexedChannel } from '../../src/network/providers/indexed-channel.js';
import { MemberReach } from '../../src/network/providers/member-reach.js';
import { membersToDial } from '../../src/network/providers/members-to-dial.js';
import { ProviderRecords } from '../../src/network/providers/provider-records.js';
import { ProviderSearch } from '../../src/network/providers/provider-search.js';
import { type RecordedId, type RecordKey } from '../../src/network/providers/record-key.js';
import { costs } from './costs.js';
import { type SimulatedWorld } from './simulated-world.js';

interface SimulatedLink {
  readonly isDialed: boolean;
  usedAtMs: number;
}

const silentLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const maxLinksTaken = 2 * limits.maxLinks;
const tickMs = 5_000;
/** Who knows where so many of the members are asks nobody else at once. */
const enoughKnown = 0.9;

/** A member whose index is that of the daemon, over connections in memory. */
export class SimulatedNode implements IndexNetwork {
  isAway = false;
  /** What it caused: its requests with their answers, and the connections that it made or tried. */
  messages = 0;
  bytes = 0;
  /** When its first round of announcing was over. */
  announcedAtMs: number | undefined;
  readonly files = new Set<ContentId>();
  readonly links = new Map<NodeId, SimulatedLink>();
  readonly records: ProviderRecords;
  readonly search: ProviderSearch;
  private readonly known: Uint8Array;
  private knownCount = 0;
  private readonly reach: MemberReach;
  private readonly announcer: ContentAnnouncer;
  private readonly watchers = new Set<(id: RecordedId) => void>();
  private readonly order: readonly NodeId[];
  private dialing = 0;
  private isRunning = false;

  constructor(
    readonly ownId: NodeId,
    readonly index: number,
    private readonly world: SimulatedWorld<SimulatedNode>,
  ) {
    const { time, random } = world;
    this.records = new ProviderRecords(time);
    this.reach = new MemberReach(this, time, defaultIndexTiming);
    const parts = { network: this, reach: this.reach, records: this.records, timers: time };
    this.search = new ProviderSearch(parts, defaultIndexTiming);
    const catalog = {
      pages: async function* (this: SimulatedNode) {
        yield [...this.files];
        // Whoever asks for more has told the first page.
        this.announcedAtMs = time.now();
      }.bind(this),
      watch: (onNew: (id: RecordedId) => void) => {
        this.watchers.add(onNew);
        return () => this.watchers.delete(onNew);
      },
    };
    this.announcer = new ContentAnnouncer({ ...parts, catalog, clock: time, random, log: silentLog }, defaultIndexTiming);
    this.order = world.channel.ranking.around(ownId);
    this.known = new Uint8Array(world.channel.ranking.size);
  }

  /** Begins to connect, knowing no more than the bootstrap address, and to announce. */
  startOnce(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.learn(this.world.bootstrap);
    this.learn(this);
    this.announcer.start();
    this.tick();
  }

  /** Has a file from now on. */
  store(id: ContentId): void {
    this.files.add(id);
    for (const tell of this.watchers) tell(id);
  }

  private get isThere(): boolean {
    return this.isRunning && !this.isAway;
  }

  /** Connections that it has dialed. */
  get dialed(): number {
    return [...this.links.values()].filter(({ isDialed }) => isDialed).length;
  }

  /** Whether it has its connections, and has announced what it has. */
  get hasJoined(): boolean {
    return this.links.size >= limits.keptLinks && this.announcedAtMs !== undefined;
  }

  /** Looks for a file as a load does, and resolves with the member that has it. */
  async find(id: ContentId): Promise<NodeId | undefined> {
    const search = new HolderSearch({ providers: this.search, reach: this.reach, isConnected: (nodeId) => this.isConnected(nodeId), timers: this.world.time });
    // A connection that was made anew is another one, as in a load.
    const asked = new Set<SimulatedLink>();
    for (let isMore = true; isMore;) {
      isMore = await search.step([id], this.channels());
      const worth = [...this.links].filter(([nodeId, link]) => (search.isWidened || search.named.has(nodeId)) && !asked.has(link));
      for (const [, link] of worth) asked.add(link);
      const answers = await Promise.all(worth.map(([nodeId]) => this.findFile(nodeId, id)));
      const [found] = worth.find((_, index) => answers[index] === true) ?? [];
      if (found !== undefined) return found;
    }
    return undefined;
  }

  channels(): readonly IndexedChannel[] {
    return [this.world.channel];
  }

  isConnected(nodeId: NodeId): boolean {
    return this.links.has(nodeId);
  }

  async connect(nodeId: NodeId): Promise<boolean> {
    if (this.links.has(nodeId)) return true;
    const other = this.world.node(nodeId);
    if (this.known[other.index] !== 1 || this.isAway || !this.makeRoom()) return false;
    this.dialing += 1;
    const roundTripMs = 2 * this.world.delayMs();
    // Of those who are away, one half's machines are off, and nothing comes back.
    const isSilent = !other.isThere && other.index % 2 === 0;
    await this.world.time.pass(isSilent ? limits.connectMs : 2 * roundTripMs);
    this.dialing -= 1;
    if (this.links.has(nodeId)) return true;
    if (!this.isThere || !other.isThere || !other.take(this)) {
      this.count(costs.failedMessages, costs.failedBytes);
      return false;
    }
    this.count(costs.connectMessages, costs.connectBytes);
    this.links.set(nodeId, { isDialed: true, usedAtMs: this.world.time.now() });
    this.learn(other);
    other.learn(this);
    this.pullMembers(other);
    other.pullMembers(this);
    this.closeWhenIdle(nodeId);
    return true;
  }

  async announce(nodeId: NodeId, tag: ChannelTag, keys: readonly RecordKey[]): Promise<number> {
    return this.call(nodeId, keys.length * costs.keyBytes, (other) => ({ answer: other.records.add(tag, this.ownId, keys), bytes: 0 }));
  }

  async findProviders(nodeId: NodeId, tag: ChannelTag, keys: readonly RecordKey[]): Promise<readonly (readonly NodeId[])[]> {
    return this.call(nodeId, keys.length * costs.keyBytes, (other) => {
      const answer = other.records.find(tag, keys);
      // Who announces is connected for that, so who keeps the record knows where he is.
      for (const provider of answer.flat()) if (other.known[this.world.node(provider).index] === 1) this.learn(this.world.node(provider));
      return { answer, bytes: answer.flat().length * (costs.nodeIdBytes + costs.memberBytes) };
    });
  }

  /** Loses all connections, as a machine that is switched off. */
  loseAll(): void {
    for (const nodeId of this.links.keys()) this.world.node(nodeId).links.delete(this.ownId);
    this.links.clear();
  }

  private findFile(nodeId: NodeId, id: ContentId): Promise<boolean> {
    return this.call(nodeId, id.length, (other) => ({ answer: other.files.has(id), bytes: 50 })).catch(() => false);
  }

  private async call<Answer>(
    nodeId: NodeId,
    requestBytes: number,
    serve: (other: SimulatedNode) => { readonly answer: Answer; readonly bytes: number },
    _options: RequestOptions = {},
  ): Promise<Answer> {
    const link = this.links.get(nodeId);
    const other = this.world.node(nodeId);
    await this.world.time.pass(2 * this.world.delayMs());
    if (!link || this.links.get(nodeId) !== link || other.isAway) throw new KacheryError('node-unreachable', 'the connection broke');
    link.usedAtMs = this.world.time.now();
    const { answer, bytes } = serve(other);
    this.count(costs.callMessages, costs.callBytes + requestBytes + bytes);
    return answer;
  }

  /** As Redialing and its clock do it. */
  private tick(): void {
    if (!this.isAway) this.dialMore();
    this.world.time.after(tickMs * (0.9 + this.world.random() / 5), () => {
      this.tick();
    });
  }

  private dialMore(): void {
    const { bootstrap } = this.world;
    if (this.links.size === 0 && this.dialing === 0 && bootstrap !== this) void this.connect(bootstrap.ownId);
    const next = membersToDial(this.order, {
      kept: limits.keptLinks,
      dialed: this.dialed + this.dialing,
      canDial: (nodeId) => !this.links.has(nodeId) && !this.reach.isDoubtful(nodeId) && this.known[this.world.node(nodeId).index] === 1,
    });
    for (const nodeId of next) void this.reach.reach(nodeId);
  }

  private learn({ index }: SimulatedNode): void {
    if (this.known[index] === 1) return;
    this.known[index] = 1;
    this.knownCount += 1;
  }

  /** As exchangeMembers does it in a large channel: not with everybody, if enough is known. */
  private pullMembers(other: SimulatedNode): void {
    const { nodes } = this.world;
    if (this.knownCount >= enoughKnown * nodes.length) return;
    let told = 0;
    const from = Math.floor(this.world.random() * nodes.length);
    for (let step = 0; step < nodes.length && told < limits.maxToldMembers; step += 1) {
      const member = nodes[(from + step) % nodes.length]!;
      if (other.known[member.index] !== 1) continue;
      told += 1;
      this.learn(member);
    }
    this.count(costs.callMessages, costs.callBytes + told * costs.memberBytes);
    this.world.time.after(2 * this.world.delayMs(), () => {
      this.dialMore();
    });
  }

  /** Whether there is room for one more connection that is dialed. */
  private makeRoom(): boolean {
    return this.dialed + this.dialing < limits.maxLinks || this.closeIdlest(({ isDialed }) => isDialed);
  }

  /** Takes a connection, in place of one that nobody uses if there are too many. */
  private take(other: SimulatedNode): boolean {
    if (this.links.size >= maxLinksTaken && !this.closeIdlest(({ isDialed }) => !isDialed)) return false;
    this.links.set(other.ownId, { isDialed: false, usedAtMs: this.world.time.now() });
    return true;
  }

  private closeIdlest(isCounted: (link: SimulatedLink) => boolean): boolean {
    const idle = [...this.links].filter(([, link]) => isCounted(link) && this.world.time.now() - link.usedAtMs > 1_000);
    const [idlest] = idle.sort(([, one], [, other]) => one.usedAtMs - other.usedAtMs);
    if (idlest) this.close(idlest[0]);
    return idlest !== undefined;
  }

  private closeWhenIdle(nodeId: NodeId): void {
    this.world.time.after(limits.passingLinkMs, () => {
      const link = this.links.get(nodeId);
      if (!link?.isDialed || this.order.indexOf(nodeId) < limits.keptLinks) return;
      if (this.world.time.now() - link.usedAtMs >= limits.passingLinkMs && this.dialed > limits.keptLinks) this.close(nodeId);
      else this.closeWhenIdle(nodeId);
    });
  }

  private close(nodeId: NodeId): void {
    this.links.delete(nodeId);
    this.world.node(nodeId).links.delete(this.ownId);
  }

  private count(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
  }
}
