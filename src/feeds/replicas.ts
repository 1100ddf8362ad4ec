import { type ChainEnd } from '../core/entry-chain.js';
import { KacheryError } from '../core/failure.js';
import { type SignedHead } from '../core/feed-head.js';
import { type FeedId } from '../core/feed-id.js';
import { type SubfeedAddress, subfeedOfNameJson } from '../core/subfeed.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { type GroupCommit, type Transaction } from '../kv/group-commit.js';
import { feedDatabaseKeys } from './feed-database-keys.js';
import { feedForked } from './feed-forked.js';
import { type FeedRecord, feedRecordKeys, requireRecord } from './feed-record.js';
import { type ForkDetector } from './fork-detector.js';
import { dropMessages, encodeBlock, type MessageBlock } from './message-block.js';
import { type ReceivedMessages } from './replica-store.js';
import { type SubfeedGrowth } from './subfeed-growth.js';
import { decodeSubfeedRecord, encodeSubfeedRecord, type SubfeedRecord } from './subfeed-record.js';
import { unprovenMessages, verifyRun } from './verify-run.js';
import { WorkTurns } from './work-turns.js';

/** What replicas are written with. */
export interface ReplicaParts {
  readonly database: DurableDatabase;
  readonly writes: GroupCommit;
  readonly growth: SubfeedGrowth;
  readonly forks: ForkDetector;
  /** The record of a feed. Fails with `feed-not-found`. */
  readonly recordOf: (id: FeedId) => Promise<FeedRecord>;
}

/** A block and how it is stored. */
interface EncodedBlock {
  readonly block: MessageBlock;
  readonly encoded: Buffer;
}

/** Memory that a write takes beside its messages. */
const overheadBytes = 6_000;

/** Writes what other nodes send of their feeds, once it is proven. */
export class Replicas {
  constructor(private readonly parts: ReplicaParts) {}

  /** As ReplicaStore.receive. */
  async receive({ subfeed, nameJson, blocks }: ReceivedMessages, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<number> {
    checkName(subfeed, nameJson);
    for (;;) {
      const before = await this.subfeedRecord(subfeed);
      const news = await this.newsOf(subfeed, blocks, before, options.signal);
      const isNamed = nameJson === undefined || before.nameJson !== '';
      if (news.length === 0 && isNamed) return before.length;
      const length = await this.parts.writes.run(this.writing(subfeed, news, { before, nameJson }));
      if (length !== undefined) return length;
    }
  }

  private async subfeedRecord(subfeed: SubfeedAddress): Promise<SubfeedRecord> {
    const [record, fork] = await this.parts.database.getMany([feedDatabaseKeys.subfeed(subfeed), feedDatabaseKeys.fork(subfeed)]);
    requireForeign(subfeed.feedId, await this.parts.recordOf(subfeed.feedId));
    if (fork) throw feedForked(subfeed);
    return decodeSubfeedRecord(record);
  }

  /** What the messages add to a history that ends here: all that it takes to write them. */
  private async newsOf(subfeed: SubfeedAddress, blocks: readonly MessageBlock[], end: ChainEnd, signal?: AbortSignal): Promise<EncodedBlock[]> {
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (!first || !last) return [];
    if (first.position > end.length)
      throw unprovenMessages(subfeed, `messages from position ${String(first.position)} on came where ${String(end.length)} was next`);
    const runEnd = last.position + last.count;
    const junction = Math.min(runEnd, end.length);
    const ownHash = junction === end.length ? end.lastHash : await this.parts.forks.hashAt(subfeed, junction);
    if (runEnd === junction && ownHash?.equals(last.lastHash) === true) return [];
    const run = await verifyRun(subfeed, blocks, { junction, signal });
    if (ownHash && !ownHash.equals(run.hashAt)) await this.parts.forks.refuse(subfeed, headsOf(subfeed, run.blocks, junction));
    return encodeAll(subfeed, run.blocks, end.length);
  }

  /** Resolves with the new length, or with undefined if the history does not end any more where it did before. */
  private writing(
    subfeed: SubfeedAddress,
    news: readonly EncodedBlock[],
    { before, nameJson = '' }: { readonly before: SubfeedRecord; readonly nameJson: string | undefined },
  ): Transaction<number | undefined> {
    const { feedId } = subfeed;
    const keys = { ...feedRecordKeys(feedId), subfeed: feedDatabaseKeys.subfeed(subfeed), fork: feedDatabaseKeys.fork(subfeed) };
    return {
      keys: Object.values(keys),
      sizeBytes: news.reduce((sum, { encoded }) => sum + encoded.byteLength, overheadBytes),
      apply: (view) => {
        requireForeign(feedId, requireRecord(view, feedId, keys));
        if (view.get(keys.fork)) throw feedForked(subfeed);
        const record = decodeSubfeedRecord(view.get(keys.subfeed));
        if (record.length !== before.length || !record.lastHash.equals(before.lastHash)) return undefined;
        for (const { block, encoded } of news) view.put(feedDatabaseKeys.block(subfeed, block.position), encoded);
        const after = recordBehind(record, news, nameJson);
        // A subfeed comes into being with its first message, not with its name.
        if (after.length > 0) view.put(keys.subfeed, encodeSubfeedRecord(after));
        return after.length;
      },
      committed: (length) => {
        if (length !== undefined && news.length > 0)
          this.parts.growth.tellGrown(
            subfeed,
            news.map(({ block }) => block),
          );
      },
    };
  }
}

function recordBehind(record: SubfeedRecord, news: readonly EncodedBlock[], nameJson: string): SubfeedRecord {
  const last = news.at(-1)?.block;
  const named = record.nameJson === '' ? { ...record, nameJson } : record;
  return last ? { ...named, length: last.position + last.count, lastHash: last.lastHash, timestampMs: last.timestampMs } : named;
}

/** The messages from a position on, as they are stored. */
async function encodeAll(subfeed: SubfeedAddress, blocks: readonly MessageBlock[], start: number): Promise<EncodedBlock[]> {
  const turns = new WorkTurns();
  const news: EncodedBlock[] = [];
  for (const whole of blocks) {
    if (whole.position + whole.count <= start) continue;
    const block = whole.position < start ? dropMessages(subfeed, whole, start - whole.position) : whole;
    news.push({ block, encoded: encodeBlock(block) });
    await turns.pass();
  }
  return news;
}

/** The signed heads of blocks from a length on. */
function headsOf(subfeed: SubfeedAddress, blocks: readonly MessageBlock[], start: number): SignedHead[] {
  return blocks.flatMap(({ position, count, lastHash, signature, uncheckedSignature }) => {
    const anySignature = signature ?? uncheckedSignature;
    return anySignature && position + count >= start ? [{ subfeed, length: position + count, lastHash, signature: anySignature }] : [];
  });
}

function requireForeign(id: FeedId, { isOwned }: FeedRecord): void {
  if (!isOwned) return;
  throw new KacheryError('feed-not-writeable', `feed://${id} is this node's own: what other nodes send of it is not written.`, { feed_id: id });
}

function checkName(subfeed: SubfeedAddress, nameJson: string | undefined): void {
  if (nameJson === undefined) return;
  const name = subfeedOfNameJson(nameJson);
  if (name.hash !== subfeed.subfeedHash || name.nameJson !== nameJson) throw unprovenMessages(subfeed, 'the name that came with them is another subfeed');
}
