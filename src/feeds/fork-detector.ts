import { isSignedByFeed, type SignedHead } from '../core/feed-head.js';
import { KacheryError } from '../core/failure.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { type GroupCommit } from '../kv/group-commit.js';
import { feedForked } from './append-transaction.js';
import { feedDatabaseKeys } from './feed-database-keys.js';
import { hashBehind } from './message-block.js';
import { blockHolding, readBlocks } from './read-blocks.js';
import { decodeSubfeedRecord } from './subfeed-record.js';

const proofBytes = 1_000;

/** Compares heads that others show with this node's history, and keeps those that contradict it. */
export class ForkDetector {
  constructor(
    private readonly database: DurableDatabase,
    private readonly writes: GroupCommit,
  ) {}

  /**
   * Fails with `content-corrupt` if the feed's key has not signed the head, and with `feed-forked` if it contradicts what is here: another hash at the same
   * length or, in a feed of this node's own, a length that was never reached here. Then both heads are on disk.
   */
  async check(head: SignedHead, isOwned: boolean): Promise<void> {
    if (!isSignedByFeed(head)) throw notSigned(head.subfeed);
    const record = decodeSubfeedRecord(await this.database.get(feedDatabaseKeys.subfeed(head.subfeed)));
    const isAhead = head.length > record.length;
    if (isAhead ? !isOwned : (await this.hashAt(head.subfeed, head.length))?.equals(head.lastHash) !== false) return;
    await this.keep(head, await this.ownHead(head.subfeed, Math.min(head.length, record.length), record.length));
    throw feedForked(head.subfeed);
  }

  /** The hash of the entry before a position; undefined before the first. */
  private async hashAt(subfeed: SubfeedAddress, length: number): Promise<Buffer | undefined> {
    const block = length === 0 ? undefined : await blockHolding(this.database, subfeed, length - 1);
    return block && hashBehind(subfeed, block, length - block.position);
  }

  /** This node's first signed head at or behind a length; undefined of a subfeed without messages. */
  private async ownHead(subfeed: SubfeedAddress, length: number, end: number): Promise<SignedHead | undefined> {
    const first = length === 0 ? undefined : await blockHolding(this.database, subfeed, length - 1);
    for await (const blocks of readBlocks(this.database, subfeed, { start: first?.position ?? 0, end })) {
      const signed = blocks.find(({ signature }) => signature !== undefined);
      if (signed?.signature) return { subfeed, length: signed.position + signed.count, lastHash: signed.lastHash, signature: signed.signature };
    }
    return undefined;
  }

  private async keep(shown: SignedHead, own: SignedHead | undefined): Promise<void> {
    const proof = [shown, ...(own ? [own] : [])].map(({ length, lastHash, signature }) => ({
      length,
      lastHash: lastHash.toString('hex'),
      signature: signature.toString('hex'),
    }));
    await this.writes.run({
      keys: [],
      sizeBytes: proofBytes,
      apply: (view) => {
        view.put(feedDatabaseKeys.fork(shown.subfeed), Buffer.from(JSON.stringify({ heads: proof })));
      },
    });
  }
}

function notSigned({ feedId, subfeedHash }: SubfeedAddress): KacheryError {
  const uri = `feed://${feedId}/~${subfeedHash}`;
  return new KacheryError('content-corrupt', `A head of ${uri} that was shown is not signed with the feed's key. Do not trust who showed it.`, { uri });
}
