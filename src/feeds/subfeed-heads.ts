import { type SignedHead } from '../core/feed-head.js';
import { type FeedId } from '../core/feed-id.js';
import { type Page } from '../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../core/subfeed.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { keyBehindPrefix, type KeyRange } from '../kv/key-range.js';
import { readPage } from '../kv/read-page.js';
import { feedDatabaseKeys, feedDatabaseRanges, subfeedHashOfKey } from './feed-database-keys.js';
import { decodeForkHeads } from './fork-record.js';
import { blockHolding } from './read-blocks.js';
import { type SubfeedHead } from './subfeed-head.js';
import { decodeSubfeedRecord } from './subfeed-record.js';

/** Tells other nodes where subfeeds end. */
export class SubfeedHeads {
  constructor(private readonly database: DurableDatabase) {}

  /** What is known of the ends of subfeeds, in their order; of a feed that is not here nothing. */
  async of(subfeeds: readonly SubfeedAddress[]): Promise<SubfeedHead[]> {
    const keys = subfeeds.flatMap((subfeed) => [feedDatabaseKeys.feed(subfeed.feedId), feedDatabaseKeys.subfeed(subfeed), feedDatabaseKeys.fork(subfeed)]);
    const values = await this.database.getMany(keys);
    const heads: SubfeedHead[] = [];
    for (const [index, subfeed] of subfeeds.entries()) {
      const [feed, record, fork] = values.slice(3 * index, 3 * index + 3);
      heads.push(feed ? await this.headOf(subfeed, record, fork) : { subfeed, nameJson: undefined, head: undefined, fork: [] });
    }
    return heads;
  }

  /** At most `count` subfeeds of a feed that is here, behind `after`, ordered by hash; fewer if they are large, but one if there is one. */
  async list(id: FeedId, after: SubfeedHash | undefined, count: number): Promise<Page<SubfeedHead>> {
    const all = feedDatabaseRanges.subfeeds(id);
    const range: KeyRange = after === undefined ? all : { ...all, gte: keyBehindPrefix(feedDatabaseKeys.subfeed({ feedId: id, subfeedHash: after })) };
    const { items, hasMore } = await readPage(this.database, range, count, (key) => ({ feedId: id, subfeedHash: subfeedHashOfKey(key) }));
    return { items: await this.of(items), hasMore };
  }

  private async headOf(subfeed: SubfeedAddress, record: Buffer | undefined, fork: Buffer | undefined): Promise<SubfeedHead> {
    const { length, nameJson } = decodeSubfeedRecord(record);
    return {
      subfeed,
      nameJson: nameJson === '' ? undefined : nameJson,
      head: length === 0 ? undefined : await this.signedHead(subfeed, length),
      fork: decodeForkHeads(subfeed, fork),
    };
  }

  /** Undefined where the last messages are damaged: whoever reads them is told so, and the others' heads are told all the same. */
  private async signedHead(subfeed: SubfeedAddress, length: number): Promise<SignedHead | undefined> {
    const block = await blockHolding(this.database, subfeed, length - 1);
    if (!block?.signature) return undefined;
    return { subfeed, length, lastHash: Buffer.from(block.lastHash), signature: Buffer.from(block.signature) };
  }
}
