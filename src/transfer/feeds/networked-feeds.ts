import { isKacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { type NodeId } from '../../core/node-id.js';
import { type Page } from '../../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../../core/subfeed.js';
import {
  type AccessRule,
  type Appended,
  type AppendRequest,
  type FeedInfo,
  type FeedStore,
  type ReadMessagesOptions,
  type SubfeedInfo,
  type WatchedBlocks,
  type WatchedSubfeed,
} from '../../feeds/feed-store.js';
import { type MessageBlock } from '../../feeds/message-block.js';
import { type FeedReplication } from './feed-replication.js';

/**
 * The feeds of this node and of those that it is connected with. What this node owns is used as if there were no others. Beside the failures of FeedStore every
 * operation on another node's feed may fail with `node-unreachable`, and reads with `sources-failed`.
 */
export class NetworkedFeeds implements FeedStore {
  /** `nodeId`: in whose name messages are submitted. */
  constructor(
    private readonly local: FeedStore,
    private readonly replication: FeedReplication,
    private readonly nodeId: NodeId,
  ) {}

  create(name?: string): Promise<FeedInfo> {
    return this.local.create(name);
  }

  find(id: FeedId): Promise<FeedInfo> {
    return this.replication.locate(id);
  }

  findByName(name: string): Promise<FeedInfo> {
    return this.local.findByName(name);
  }

  list(after: FeedId | undefined, count: number): Promise<Page<FeedInfo>> {
    return this.local.list(after, count);
  }

  delete(id: FeedId): Promise<void> {
    return this.local.delete(id);
  }

  async findSubfeed(subfeed: SubfeedAddress): Promise<SubfeedInfo> {
    const { isWriteable } = await this.find(subfeed.feedId);
    return isWriteable ? this.local.findSubfeed(subfeed) : this.replication.findSubfeed(subfeed);
  }

  async listSubfeeds(id: FeedId, after: SubfeedHash | undefined, count: number): Promise<Page<SubfeedInfo>> {
    const { isWriteable } = await this.find(id);
    return isWriteable ? this.local.listSubfeeds(id, after, count) : this.replication.listSubfeeds(id, after, { count });
  }

  async append(request: AppendRequest): Promise<Appended> {
    try {
      return await this.local.append(request);
    } catch (error) {
      if (request.submitter === this.nodeId && isOfOthers(error)) return this.replication.submit(request);
      throw error;
    }
  }

  async *read(subfeed: SubfeedAddress, position: number, options: ReadMessagesOptions): AsyncGenerator<readonly MessageBlock[], void, undefined> {
    const { isWriteable } = await this.replication.locate(subfeed.feedId, options);
    if (!isWriteable) await this.catchUp(subfeed, position, options);
    yield* this.local.read(subfeed, position, options);
  }

  async *watch(subfeeds: readonly WatchedSubfeed[], signal: AbortSignal): AsyncGenerator<WatchedBlocks, void, undefined> {
    const unfollow = await this.follow(subfeeds, signal);
    try {
      if (!signal.aborted) yield* this.local.watch(subfeeds, signal);
    } finally {
      unfollow();
    }
  }

  accessRules(subfeed: SubfeedAddress): Promise<readonly AccessRule[]> {
    return this.local.accessRules(subfeed);
  }

  setAccessRules(subfeed: SubfeedAddress, rules: readonly AccessRule[]): Promise<void> {
    return this.local.setAccessRules(subfeed, rules);
  }

  /** What is here already need not be asked for: messages never change. */
  private async catchUp(subfeed: SubfeedAddress, position: number, { maxMessages, signal }: ReadMessagesOptions): Promise<void> {
    const wantedLength = maxMessages === undefined ? undefined : position + maxMessages;
    const { length } = await this.local.findSubfeed(subfeed);
    if (wantedLength !== undefined && wantedLength <= length) return;
    await this.replication.catchUp(subfeed, { signal, wantedLength });
  }

  /** Follows those of others, unless that is given up before they are found. */
  private async follow(subfeeds: readonly WatchedSubfeed[], signal: AbortSignal): Promise<() => void> {
    try {
      return this.replication.follow(await this.foreignOf(subfeeds, signal));
    } catch (error) {
      if (signal.aborted) return () => undefined;
      throw error;
    }
  }

  private async foreignOf(subfeeds: readonly WatchedSubfeed[], signal: AbortSignal): Promise<WatchedSubfeed[]> {
    const feedIds = [...new Set(subfeeds.map(({ feedId }) => feedId))];
    const foreign = new Set<FeedId>();
    for (const id of feedIds) if (!(await this.replication.locate(id, { signal })).isWriteable) foreign.add(id);
    return subfeeds.filter(({ feedId }) => foreign.has(feedId));
  }
}

/** A feed that was deleted here was this node's own, or is not wanted here any more. */
function isOfOthers(error: unknown): boolean {
  if (isKacheryError(error, 'feed-not-writeable')) return true;
  return isKacheryError(error, 'feed-not-found') && error.details['deleted_at'] === undefined;
}
