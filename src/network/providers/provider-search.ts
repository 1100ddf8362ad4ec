import { type NodeId } from '../../core/node-id.js';
import { type Timers } from '../../core/timers.js';
import { type RequestOptions } from '../peer.js';
import { askInTurn, type TurnAnswer } from './ask-in-turn.js';
import { type IndexNetwork } from './index-network.js';
import { type IndexTiming } from './index-timing.js';
import { type IndexedChannel } from './indexed-channel.js';
import { keysByPart } from './keys-by-part.js';
import { type MemberReach } from './member-reach.js';
import { type ProviderRecords } from './provider-records.js';
import { type RecordedId, type RecordKey, recordKey } from './record-key.js';

/** What a search works with. */
export interface ProviderSearchParts {
  readonly network: IndexNetwork;
  readonly reach: MemberReach;
  /** The part of the index that this node keeps. */
  readonly records: ProviderRecords;
  readonly timers: Timers;
}

/** What the index says. */
export interface FoundProviders {
  /** Members that have announced the contents, without this node. */
  readonly nodeIds: readonly NodeId[];
  /** Whether for some content nobody who keeps that part of the index could be asked. */
  readonly isIncomplete: boolean;
}

/** Asks those members who keep a content's records who has it. */
export class ProviderSearch {
  constructor(
    private readonly parts: ProviderSearchParts,
    private readonly timing: IndexTiming,
  ) {}

  /** Who has announced these contents in a channel. Never fails; ends soon when the signal is aborted. */
  async find(channel: IndexedChannel, ids: readonly RecordedId[], options: RequestOptions = {}): Promise<FoundProviders> {
    const keysOfPart = keysByPart(ids.map((id) => recordKey(channel.address, id)));
    const nodeIds = new Set<NodeId>();
    const answers = await Promise.all([...keysOfPart].map(([part, keys]) => this.askPart(channel, part, keys, nodeIds, options)));
    nodeIds.delete(this.parts.network.ownId);
    return { nodeIds: [...nodeIds], isIncomplete: answers.includes(0) };
  }

  private async askPart(channel: IndexedChannel, part: number, keys: readonly RecordKey[], found: Set<NodeId>, { signal }: RequestOptions): Promise<number> {
    const { network, timers } = this.parts;
    const { hedgeMs } = this.timing;
    const keepers = this.keepersOf(channel, part);
    const missing = new Set(keys);
    const ask = async (nodeId: NodeId): Promise<TurnAnswer> => {
      const asked = [...missing];
      const answer = await this.ask(nodeId, channel, asked, signal);
      answer?.forEach((providers, index) => {
        const key = asked[index];
        if (key !== undefined && providers.some((provider) => provider !== network.ownId)) missing.delete(key);
        for (const provider of providers) found.add(provider);
      });
      return answer === undefined ? 'failed' : missing.size === 0 ? 'enough' : 'in-vain';
    };
    return askInTurn(keepers, ask, { hedgeMs, timers, signal });
  }

  /** Who keeps a part of the index, those first whom asking costs least; who stands in for them was told something only if they could not be reached then. */
  private keepersOf({ ranking }: IndexedChannel, part: number): readonly NodeId[] {
    const { network, reach } = this.parts;
    const { copies, standIns } = this.timing;
    const nodeIds = ranking.first(part, copies + standIns);
    const usual = reach.inOrder(nodeIds.slice(0, copies));
    const own = usual.filter((nodeId) => nodeId === network.ownId);
    const isCertain = (nodeId: NodeId): boolean => !reach.isDoubtful(nodeId);
    const others = [...usual.filter((nodeId) => nodeId !== network.ownId), ...nodeIds.slice(copies)];
    return [...own, ...others.filter(isCertain), ...others.filter((nodeId) => !isCertain(nodeId))];
  }

  private async ask(
    nodeId: NodeId,
    { tag }: IndexedChannel,
    keys: readonly RecordKey[],
    signal: AbortSignal | undefined,
  ): Promise<readonly (readonly NodeId[])[] | undefined> {
    const { network, reach, records } = this.parts;
    if (nodeId === network.ownId) return records.find(tag, keys);
    if (!(await reach.reach(nodeId, { signal }))) return undefined;
    try {
      return await network.findProviders(nodeId, tag, keys, { signal });
    } catch {
      if (signal?.aborted !== true) reach.doubt(nodeId);
      return undefined;
    }
  }
}
