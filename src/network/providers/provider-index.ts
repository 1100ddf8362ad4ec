import { KacheryError } from '../../core/failure.js';
import { type Clock } from '../../core/clock.js';
import { type NodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type Timers } from '../../core/timers.js';
import { type ChannelTag, type Membership } from '../membership.js';
import { ContentAnnouncer } from './content-announcer.js';
import { type ContentCatalog } from './content-catalog.js';
import { HolderSearch } from './holder-search.js';
import { type IndexNetwork } from './index-network.js';
import { defaultIndexTiming, type IndexTiming } from './index-timing.js';
import { MemberReach } from './member-reach.js';
import { ProviderRecords } from './provider-records.js';
import { ProviderSearch } from './provider-search.js';
import { type RecordKey } from './record-key.js';

/** What the index works with. */
export interface ProviderIndexParts {
  readonly network: IndexNetwork;
  readonly membership: Pick<Membership, 'compare' | 'watch'>;
  readonly catalog: ContentCatalog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: StructuredLog;
}

/** A member that announces or asks. */
export interface IndexCaller {
  readonly nodeId: NodeId;
  sharedTags(): readonly ChannelTag[];
}

/** The index of large channels as this node keeps and asks it: what is here is announced, what others announce is kept for those who ask. `close` it. */
export class ProviderIndex {
  private readonly records: ProviderRecords;
  private readonly reach: MemberReach;
  private readonly providers: ProviderSearch;
  private readonly announcer: ContentAnnouncer;
  private stopWatching = (): void => undefined;

  /** @param timing What differs from the usual; for tests. */
  constructor(
    private readonly parts: ProviderIndexParts,
    timing: Partial<IndexTiming> = {},
  ) {
    const allTiming = { ...defaultIndexTiming, ...timing };
    this.records = new ProviderRecords(parts.clock, { recordMs: allTiming.recordMs });
    this.reach = new MemberReach(parts.network, parts.clock, allTiming);
    const { records, reach } = this;
    this.providers = new ProviderSearch({ ...parts, records, reach }, allTiming);
    this.announcer = new ContentAnnouncer({ ...parts, records, reach }, allTiming);
  }

  /** Begins to announce what is here. */
  start(): void {
    this.announcer.start();
    this.stopWatching = this.parts.membership.watch(() => {
      this.announcer.noteChannels();
    });
  }

  /** A search for contents in the large channels. */
  search(): HolderSearch {
    const isConnected = (nodeId: NodeId): boolean => this.parts.network.isConnected(nodeId);
    return new HolderSearch({ providers: this.providers, reach: this.reach, isConnected, timers: this.parts.timers });
  }

  /** Keeps what a member says that it has; returns how many of the keys. Fails with `not-authorized` unless it shares the channel. */
  note(caller: IndexCaller, tag: ChannelTag, keys: readonly RecordKey[]): number {
    checkShared(caller, tag);
    return this.records.add(tag, caller.nodeId, keys);
  }

  /** Who has announced contents in a channel and is a member of it now. Fails as `note`. */
  find(caller: IndexCaller, tag: ChannelTag, keys: readonly RecordKey[]): readonly (readonly NodeId[])[] {
    checkShared(caller, tag);
    const isMember = (nodeId: NodeId): boolean => this.parts.membership.compare(nodeId, [tag]).shared.length > 0;
    return this.records.find(tag, keys).map((providers) => providers.filter((nodeId) => nodeId !== caller.nodeId && isMember(nodeId)));
  }

  /** Ends; resolves when nothing is under way any more. May be called again. */
  async close(): Promise<void> {
    this.stopWatching();
    await this.announcer.close();
  }
}

function checkShared(caller: IndexCaller, tag: ChannelTag): void {
  if (caller.sharedTags().includes(tag)) return;
  throw new KacheryError('not-authorized', 'No channel of this tag that both nodes have joined lists the caller and this node.');
}
