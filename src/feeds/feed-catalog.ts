import { type Clock } from '../core/clock.js';
import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';
import { type Page } from '../core/page.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { type GroupCommit } from '../kv/group-commit.js';
import { keyBehindPrefix, type KeyRange } from '../kv/key-range.js';
import { readPage } from '../kv/read-page.js';
import { feedDatabaseKeys, feedDatabaseRanges, feedOfKey } from './feed-database-keys.js';
import { encodeFeedDeletion, feedNotFound } from './feed-deletion.js';
import { type FeedKeys } from './feed-keys.js';
import { decodeFeedRecord, encodeFeedRecord, feedInfo, type FeedRecord, feedRecordKeys, requireRecord } from './feed-record.js';
import { type FeedInfo } from './feed-store.js';
import { type SubfeedGrowth } from './subfeed-growth.js';

/** What the catalog works with. */
export interface CatalogParts {
  readonly database: DurableDatabase;
  readonly writes: GroupCommit;
  readonly keys: FeedKeys;
  readonly growth: SubfeedGrowth;
  readonly clock: Clock;
  readonly onProblem: (error: unknown) => void;
}

const recordBytes = 2_000;

/** Which feeds there are, under which names, and which were deleted. */
export class FeedCatalog {
  private readonly clearing = new Set<Promise<void>>();
  private readonly watchers = new Set<(feed: FeedInfo) => void>();
  private isStopping = false;

  constructor(private readonly parts: CatalogParts) {}

  /** Makes a feed: first its key, then its record. Fails with `already-exists` if the name is taken. */
  async create(name?: string): Promise<FeedInfo> {
    const { database, writes, keys, clock } = this.parts;
    const nameKey = name === undefined ? undefined : feedDatabaseKeys.name(name);
    if (name !== undefined && nameKey) refuseTaken(name, await database.get(nameKey));
    const id = await keys.make();
    const record: FeedRecord = { ...(name !== undefined && { name }), createdAtMs: Math.floor(clock.now()), isOwned: true };
    try {
      await writes.run({
        keys: nameKey ? [nameKey] : [],
        sizeBytes: recordBytes,
        apply: (view) => {
          if (name !== undefined && nameKey) {
            refuseTaken(name, view.get(nameKey));
            view.put(nameKey, Buffer.from(id));
          }
          view.put(feedDatabaseKeys.feed(id), encodeFeedRecord(record));
        },
      });
    } catch (error) {
      // Nobody has heard of the feed, so the key is of no use. After a failure of the disk the record may be there: then the key stays.
      if (error instanceof KacheryError && error.reason === 'already-exists') await keys.remove(id);
      throw error;
    }
    return this.tellNew(feedInfo(id, record));
  }

  /** Begins a copy of another node's feed; what is known of it, if it is here. Fails with `feed-not-found` for one that was deleted here. */
  async addReplica(id: FeedId): Promise<FeedInfo> {
    const recordKeys = feedRecordKeys(id);
    const record: FeedRecord = { createdAtMs: Math.floor(this.parts.clock.now()), isOwned: false };
    const feed = await this.parts.writes.run({
      keys: Object.values(recordKeys),
      sizeBytes: recordBytes,
      apply: (view) => {
        const known = view.get(recordKeys.feed);
        if (known) return feedInfo(id, decodeFeedRecord(known));
        const deletion = view.get(recordKeys.deletion);
        if (deletion) throw feedNotFound(id, deletion);
        view.put(recordKeys.feed, encodeFeedRecord(record));
        return feedInfo(id, record);
      },
    });
    return this.tellNew(feed);
  }

  /** Calls `onNew` for each feed that is made or copied, also if it was here before, until the function that it returns is called. */
  watch(onNew: (feed: FeedInfo) => void): () => void {
    this.watchers.add(onNew);
    return () => this.watchers.delete(onNew);
  }

  /** A feed. Fails with `feed-not-found`. */
  async find(id: FeedId): Promise<FeedInfo> {
    return feedInfo(id, await this.record(id));
  }

  /** The record of a feed, which `encoded` is if it was read already. Fails with `feed-not-found`, saying so if the feed was deleted here. */
  async record(id: FeedId, encoded?: Buffer): Promise<FeedRecord> {
    const found = encoded ?? (await this.parts.database.get(feedDatabaseKeys.feed(id)));
    if (found) return decodeFeedRecord(found);
    throw feedNotFound(id, await this.parts.database.get(feedDatabaseKeys.deletedFeed(id)));
  }

  /** The feed that has a name. Fails with `feed-not-found`. */
  async findByName(name: string): Promise<FeedInfo> {
    const id = await this.parts.database.get(feedDatabaseKeys.name(name));
    if (id) return this.find(id.toString() as FeedId);
    throw new KacheryError('feed-not-found', `No feed of this node is called ${quoted(name)}. Check the name, or create the feed.`, {
      name: name.slice(0, 100),
    });
  }

  /** At most `count` feeds behind `after`, ordered by id; fewer if their names are long. */
  list(after: FeedId | undefined, count: number): Promise<Page<FeedInfo>> {
    const all = feedDatabaseRanges.feeds();
    const range: KeyRange = after === undefined ? all : { ...all, gte: keyBehindPrefix(feedDatabaseKeys.feed(after)) };
    return readPage(this.parts.database, range, count, (key, value) => feedInfo(feedOfKey(key), decodeFeedRecord(value)));
  }

  /** Deletes a feed: it is gone when its record is; then its key is removed, and behind that its messages. Fails with `feed-not-found`. */
  async delete(id: FeedId): Promise<void> {
    const { writes, growth, clock, keys } = this.parts;
    const recordKeys = feedRecordKeys(id);
    const deletion = encodeFeedDeletion(Math.floor(clock.now()));
    await writes.run({
      keys: Object.values(recordKeys),
      sizeBytes: recordBytes,
      apply: (view) => {
        const { name } = requireRecord(view, id, recordKeys);
        view.delete(recordKeys.feed);
        if (name !== undefined) view.delete(feedDatabaseKeys.name(name));
        view.put(recordKeys.deletion, deletion);
        view.put(feedDatabaseKeys.unclearedFeed(id), Buffer.alloc(0));
      },
      committed: () => {
        growth.tellDeleted(id, feedNotFound(id, deletion));
      },
    });
    await keys.remove(id);
    this.clearLater(id);
  }

  /** Goes on with deletions that were interrupted. */
  async finishDeletions(): Promise<void> {
    for await (const page of this.parts.database.pages(feedDatabaseRanges.unclearedFeeds())) for (const [key] of page) this.clearLater(feedOfKey(key));
  }

  /** Resolves when nothing of it works any more; what is left of a deletion is gone on with the next time. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.clearing);
  }

  private tellNew(feed: FeedInfo): FeedInfo {
    for (const tell of this.watchers) tell(feed);
    return feed;
  }

  private clearLater(id: FeedId): void {
    const work = this.clear(id)
      .catch(this.parts.onProblem)
      .finally(() => this.clearing.delete(work));
    this.clearing.add(work);
  }

  private async clear(id: FeedId): Promise<void> {
    const { database, writes, keys } = this.parts;
    await keys.remove(id);
    for (const range of feedDatabaseRanges.ofFeed(id)) {
      for await (const page of database.pages(range)) {
        if (this.isStopping) return;
        const last = page.at(-1);
        if (last) await database.clear({ gte: range.gte, lt: keyBehindPrefix(last[0]) });
      }
    }
    await writes.run({
      keys: [],
      sizeBytes: recordBytes,
      apply: (view) => {
        view.delete(feedDatabaseKeys.unclearedFeed(id));
      },
    });
  }
}

function refuseTaken(name: string, id: Buffer | undefined): void {
  if (!id) return;
  throw new KacheryError(
    'already-exists',
    `A feed of this node is called ${quoted(name)} already: feed://${id.toString()}. Choose another name, or use that feed.`,
    {
      name: name.slice(0, 100),
      feed_id: id.toString(),
    },
  );
}
