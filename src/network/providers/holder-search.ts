import { type NodeId } from '../../core/node-id.js';
import { pause } from '../../core/pause.js';
import { type Timers } from '../../core/timers.js';
import { type RequestOptions } from '../peer.js';
import { type IndexedChannel } from './indexed-channel.js';
import { type MemberReach } from './member-reach.js';
import { type ProviderSearch } from './provider-search.js';
import { type RecordedId } from './record-key.js';

/** What a search works with. */
export interface HolderSearchParts {
  readonly providers: Pick<ProviderSearch, 'find'>;
  readonly reach: MemberReach;
  readonly isConnected: (nodeId: NodeId) => boolean;
  readonly timers: Timers;
}

/** Contents that are looked up at a time: who has one of them often has the others, too. */
const idsOfStep = 8;
/** Steps one after another in which the index names nobody; whatever is not found then is asked for among those that are connected. */
const maxSteps = 6;
/** Members that are said to have something and are connected in one step. */
const dialsOfStep = 4;
/** So soon it is known of a connection that it has ended over which somebody was asked in vain. */
const endedLinkMs = 100;

/** One search for contents in large channels, step by step: who is worth asking for them. Whether a node has them, it has to be asked itself. */
export class HolderSearch {
  private readonly namedNodes = new Set<NodeId>();
  /** Named nodes that nobody has tried to connect yet. */
  private waiting: NodeId[] = [];
  private readonly lookedUp = new Set<string>();
  private stepsInVain = 0;
  private widened = false;
  private incomplete = false;

  constructor(private readonly parts: HolderSearchParts) {}

  /** Members that the index named. */
  get named(): ReadonlySet<NodeId> {
    return this.namedNodes;
  }

  /** Whether the index could say no more: everybody who is connected is worth asking. */
  get isWidened(): boolean {
    return this.widened;
  }

  /** Whether for some content nobody could be asked who keeps that part of the index. */
  get isIncomplete(): boolean {
    return this.incomplete;
  }

  /**
   * Takes the next step for contents that nobody who was worth asking until now has: asks the index for some of them and connects with members that it names, or
   * widens the search to all that are connected. Resolves with whether there are further steps. Never fails; ends soon when the signal is aborted.
   */
  async step(ids: readonly RecordedId[], channels: readonly IndexedChannel[], options: RequestOptions = {}): Promise<boolean> {
    if (this.waiting.length === 0) await this.lookUp(ids, channels, options);
    const next = this.waiting.splice(0, dialsOfStep);
    await Promise.all(next.map((nodeId) => this.parts.reach.reach(nodeId, options)));
    if (next.length > 0) return true;
    this.widened = true;
    // Who is named may be back, or may have closed a connection that nobody used in the moment in which it was asked.
    if (this.namedNodes.size > 0) await pause(this.parts.timers, endedLinkMs, options.signal);
    const lost = [...this.namedNodes].filter((nodeId) => !this.parts.isConnected(nodeId) && !this.parts.reach.isDoubtful(nodeId));
    await Promise.all(lost.slice(0, dialsOfStep).map((nodeId) => this.parts.reach.reach(nodeId, options)));
    return false;
  }

  private async lookUp(ids: readonly RecordedId[], channels: readonly IndexedChannel[], options: RequestOptions): Promise<void> {
    while (this.waiting.length === 0 && this.stepsInVain < maxSteps && options.signal?.aborted !== true) {
      const some = ids.filter((id) => channels.some(({ address }) => !this.lookedUp.has(nameOf(address, id)))).slice(0, idsOfStep);
      if (some.length === 0) return;
      this.stepsInVain += 1;
      const answers = await Promise.all(channels.map((channel) => this.lookUpIn(channel, some, options)));
      this.incomplete ||= answers.some(({ isIncomplete }) => isIncomplete);
      for (const nodeId of answers.flatMap(({ nodeIds }) => nodeIds)) this.name(nodeId);
      this.waiting = [...this.parts.reach.inOrder(this.waiting)];
    }
  }

  private lookUpIn(channel: IndexedChannel, ids: readonly RecordedId[], options: RequestOptions): ReturnType<ProviderSearch['find']> {
    const unknown = ids.filter((id) => !this.lookedUp.has(nameOf(channel.address, id)));
    for (const id of unknown) this.lookedUp.add(nameOf(channel.address, id));
    return this.parts.providers.find(channel, unknown, options);
  }

  private name(nodeId: NodeId): void {
    if (this.namedNodes.has(nodeId)) return;
    this.namedNodes.add(nodeId);
    this.stepsInVain = 0;
    this.waiting.push(nodeId);
  }
}

function nameOf(address: string, id: RecordedId): string {
  return `${address} ${id}`;
}
