import { type Clock } from '../core/clock.js';
import { KacheryError } from '../core/failure.js';
import { type SignedHead } from '../core/feed-head.js';
import { type FeedId } from '../core/feed-id.js';
import { type Page } from '../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../core/subfeed.js';
import { DurableDatabase } from '../kv/durable-database.js';
import { GroupCommit } from '../kv/group-commit.js';
import { keyBehindPrefix, type KeyRange } from '../kv/key-range.js';
import { readPage } from '../kv/read-page.js';
import { decodeAccessRules, encodeAccessRules } from './access-rules.js';
import { appendTransaction } from './append-transaction.js';
import { FeedCatalog } from './feed-catalog.js';
import { feedDatabaseKeys, feedDatabaseRanges, subfeedHashOfKey } from './feed-database-keys.js';
import { feedForked } from './feed-forked.js';
import { FeedKeys } from './feed-keys.js';
import { feedRecordKeys, requireOwned, requireRecord } from './feed-record.js';
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
} from './feed-store.js';
import { ForkDetector } from './fork-detector.js';
import { decodeForkHeads } from './fork-record.js';
import { limitBlocks } from './limit-blocks.js';
import { type MessageBlock } from './message-block.js';
import { type PositionRange, readBlocks } from './read-blocks.js';
import { RememberedRequests } from './remembered-requests.js';
import { type ReceivedMessages, type ReplicaStore } from './replica-store.js';
import { Replicas } from './replicas.js';
import { SubfeedGrowth } from './subfeed-growth.js';
import { type SubfeedHead } from './subfeed-head.js';
import { SubfeedHeads } from './subfeed-heads.js';
import { decodeSubfeedRecord } from './subfeed-record.js';
import { SubfeedWatcher } from './subfeed-watcher.js';

/** Where the feeds of a node are, each in a folder of its own. */
export interface FeedPlaces {
  readonly databaseDir: string;
  readonly keysDir: string;
}

/** What feeds need of their surroundings. */
export interface FeedSurroundings {
  readonly clock: Clock;
  /** Who has the database open, for a message; undefined if that is not known. */
  readonly whoHasIt: () => Promise<string | undefined>;
  /** Hears of problems with the removal of what is not needed any more. */
  readonly onProblem: (error: unknown) => void;
}

interface Parts {
  readonly database: DurableDatabase;
  readonly writes: GroupCommit;
  readonly keys: FeedKeys;
  readonly requests: RememberedRequests;
  readonly catalog: FeedCatalog;
  readonly growth: SubfeedGrowth;
  readonly clock: Clock;
}

/** The feeds of this machine's node: a database, and a file for each private key. */
export class LocalFeeds implements FeedStore, ReplicaStore {
  private readonly forks: ForkDetector;
  private readonly replicas: Replicas;
  private readonly subfeedHeads: SubfeedHeads;
  private readonly keyReadings = new Map<FeedId, ReturnType<FeedKeys['get']>>();

  private constructor(private readonly parts: Parts) {
    const { database, writes, growth, catalog } = parts;
    this.forks = new ForkDetector(parts);
    this.replicas = new Replicas({ database, writes, growth, forks: this.forks, recordOf: (id) => catalog.record(id) });
    this.subfeedHeads = new SubfeedHeads(database);
  }

  /**
   * Opens the feeds, or makes the folders. Must be closed. Fails with `already-running` if another process has them, with `content-corrupt`,
   * `storage-not-writable`, `disk-full` and `path-not-permitted`.
   */
  static async open({ databaseDir, keysDir }: FeedPlaces, { clock, whoHasIt, onProblem }: FeedSurroundings): Promise<LocalFeeds> {
    const database = await DurableDatabase.open(databaseDir, whoHasIt);
    try {
      const keys = await FeedKeys.open(keysDir);
      const requests = await RememberedRequests.open(database, clock, onProblem);
      const writes = new GroupCommit(database);
      const growth = new SubfeedGrowth();
      const catalog = new FeedCatalog({ database, writes, keys, growth, clock, onProblem });
      await catalog.finishDeletions();
      return new LocalFeeds({ database, writes, keys, requests, catalog, growth, clock });
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  create(name?: string): Promise<FeedInfo> {
    return this.parts.catalog.create(name);
  }

  find(id: FeedId): Promise<FeedInfo> {
    return this.parts.catalog.find(id);
  }

  findByName(name: string): Promise<FeedInfo> {
    return this.parts.catalog.findByName(name);
  }

  list(after: FeedId | undefined, count: number): Promise<Page<FeedInfo>> {
    return this.parts.catalog.list(after, count);
  }

  delete(id: FeedId): Promise<void> {
    return this.parts.catalog.delete(id);
  }

  async findSubfeed(subfeed: SubfeedAddress): Promise<SubfeedInfo> {
    const keys = [feedDatabaseKeys.feed(subfeed.feedId), feedDatabaseKeys.subfeed(subfeed), feedDatabaseKeys.fork(subfeed)];
    const [feed, record, fork] = await this.parts.database.getMany(keys);
    await this.parts.catalog.record(subfeed.feedId, feed);
    return { ...subfeedInfo(subfeed.subfeedHash, record), fork: decodeForkHeads(subfeed, fork) };
  }

  async listSubfeeds(id: FeedId, after: SubfeedHash | undefined, count: number): Promise<Page<SubfeedInfo>> {
    await this.parts.catalog.record(id);
    const all = feedDatabaseRanges.subfeeds(id);
    const range: KeyRange = after === undefined ? all : { ...all, gte: keyBehindPrefix(feedDatabaseKeys.subfeed({ feedId: id, subfeedHash: after })) };
    return readPage(this.parts.database, range, count, (key, value) => subfeedInfo(subfeedHashOfKey(key), value));
  }

  async append(request: AppendRequest): Promise<Appended> {
    const { keys, writes, clock, requests, growth } = this.parts;
    const { feedId } = request;
    const loadedKey = this.keyReadings.has(feedId) ? undefined : keys.loadedKey(feedId);
    const privateKey = loadedKey ?? (await this.ownedKey(feedId));
    const onGrown = growth.tellGrown.bind(growth);
    const { position, timestampMs } = await writes.run(appendTransaction(request, { clock, requests, privateKey, onGrown }));
    return { position, timestampMs };
  }

  async *read(subfeed: SubfeedAddress, position: number, options: ReadMessagesOptions): AsyncGenerator<readonly MessageBlock[], void, undefined> {
    const [length = 0] = await this.lengthsOf([subfeed]);
    if (position > length) throw positionBeyondEnd(subfeed, position, length);
    for await (const blocks of limitBlocks(this.readRange(subfeed, { start: position, end: length }), options)) {
      options.signal.throwIfAborted();
      yield blocks;
    }
  }

  watch(subfeeds: readonly WatchedSubfeed[], signal: AbortSignal): AsyncIterable<WatchedBlocks> {
    const watcher = new SubfeedWatcher({ growth: this.parts.growth, lengthsOf: this.lengthsOf.bind(this), read: this.readRange.bind(this) }, subfeeds);
    return watcher.follow(signal);
  }

  async accessRules(subfeed: SubfeedAddress): Promise<readonly AccessRule[]> {
    const [feed, rules] = await this.parts.database.getMany([feedDatabaseKeys.feed(subfeed.feedId), feedDatabaseKeys.rules(subfeed)]);
    await this.parts.catalog.record(subfeed.feedId, feed);
    return decodeAccessRules(rules);
  }

  async setAccessRules(subfeed: SubfeedAddress, rules: readonly AccessRule[]): Promise<void> {
    const { feedId } = subfeed;
    const keys = feedRecordKeys(feedId);
    const encoded = encodeAccessRules(rules);
    await this.parts.writes.run({
      keys: Object.values(keys),
      sizeBytes: encoded.byteLength,
      apply: (view) => {
        requireOwned(feedId, requireRecord(view, feedId, keys));
        view.put(feedDatabaseKeys.rules(subfeed), encoded);
      },
    });
  }

  addReplica(id: FeedId): Promise<FeedInfo> {
    return this.parts.catalog.addReplica(id);
  }

  receive(messages: ReceivedMessages, options?: { readonly signal?: AbortSignal | undefined }): Promise<number> {
    return this.replicas.receive(messages, options);
  }

  heads(subfeeds: readonly SubfeedAddress[]): Promise<readonly SubfeedHead[]> {
    return this.subfeedHeads.of(subfeeds);
  }

  async listHeads(id: FeedId, after: SubfeedHash | undefined, count: number): Promise<Page<SubfeedHead>> {
    await this.parts.catalog.record(id);
    return this.subfeedHeads.list(id, after, count);
  }

  async checkHead(head: SignedHead): Promise<void> {
    const { isOwned } = await this.parts.catalog.record(head.subfeed.feedId);
    await this.forks.check(head, isOwned);
  }

  async checkFork(heads: readonly SignedHead[]): Promise<void> {
    const [first] = heads;
    if (first) await this.forks.checkFork(heads, (await this.parts.catalog.record(first.subfeed.feedId)).isOwned);
  }

  /** Calls `onNew` for each feed that is made or copied, also if it was here before, until the function that it returns is called. */
  watchFeeds(onNew: (feed: FeedInfo) => void): () => void {
    return this.parts.catalog.watch(onNew);
  }

  /** Finishes what is being written, and closes the database. May be called again. */
  async close(): Promise<void> {
    await this.parts.catalog.stop();
    await this.parts.writes.settle();
    await this.parts.database.close();
  }

  /** Appends that come while a key is read wait for the same reading, so that they keep their order. */
  private ownedKey(id: FeedId): ReturnType<FeedKeys['get']> {
    const reading = this.keyReadings.get(id) ?? this.readOwnedKey(id).finally(() => this.keyReadings.delete(id));
    this.keyReadings.set(id, reading);
    return reading;
  }

  /** A key that is missing because the feed was deleted meanwhile is not lost. */
  private async readOwnedKey(id: FeedId): ReturnType<FeedKeys['get']> {
    const { catalog, keys } = this.parts;
    requireOwned(id, await catalog.record(id));
    try {
      return await keys.get(id);
    } catch (error) {
      await catalog.record(id);
      throw error;
    }
  }

  private async lengthsOf(subfeeds: readonly SubfeedAddress[]): Promise<number[]> {
    const feedIds = [...new Set(subfeeds.map(({ feedId }) => feedId))];
    const keys = [...feedIds.map(feedDatabaseKeys.feed), ...subfeeds.map(feedDatabaseKeys.fork), ...subfeeds.map(feedDatabaseKeys.subfeed)];
    const values = await this.parts.database.getMany(keys);
    for (const [index, id] of feedIds.entries()) await this.parts.catalog.record(id, values[index]);
    for (const [index, subfeed] of subfeeds.entries()) if (values[feedIds.length + index]) throw feedForked(subfeed);
    return values.slice(feedIds.length + subfeeds.length).map((value) => decodeSubfeedRecord(value).length);
  }

  /** Messages that are missing because the feed was deleted meanwhile are not damage. */
  private async *readRange(subfeed: SubfeedAddress, range: PositionRange): AsyncGenerator<readonly MessageBlock[], void, undefined> {
    try {
      yield* readBlocks(this.parts.database, subfeed, range);
    } catch (error) {
      await this.parts.catalog.record(subfeed.feedId);
      throw error;
    }
  }
}

function subfeedInfo(hash: SubfeedHash, record: Buffer | undefined): SubfeedInfo {
  const { length, timestampMs, nameJson } = decodeSubfeedRecord(record);
  return { hash, nameJson: nameJson === '' ? undefined : nameJson, length, appendedAtMs: length === 0 ? undefined : timestampMs, fork: [] };
}

function positionBeyondEnd({ feedId, subfeedHash }: SubfeedAddress, position: number, length: number): KacheryError {
  return new KacheryError(
    'position-beyond-end',
    `feed://${feedId}/~${subfeedHash} has ${String(length)} messages, so none can be read from position ${String(position)} on. Watch it to wait for more.`,
    { feed_id: feedId, subfeed_hash: subfeedHash, position: String(position), length: String(length) },
  );
}
