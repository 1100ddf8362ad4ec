import { isSignedByFeed, type SignedHead } from '../core/feed-head.js';
import { KacheryError } from '../core/failure.js';
import { isForkProof } from '../core/fork-proof.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { type GroupCommit } from '../kv/group-commit.js';
import { feedDatabaseKeys } from './feed-database-keys.js';
import { feedForked } from './feed-forked.js';
import { decodeForkHeads, encodeForkHeads } from './fork-record.js';
import { hashBehind } from './message-block.js';
import { blockHolding, readBlocks } from './read-blocks.js';
import { type SubfeedGrowth } from './subfeed-growth.js';
import { decodeSubfeedRecord } from './subfeed-record.js';

/** What the detector works with. */
export interface ForkDetectorParts {
  readonly database: DurableDatabase;
  readonly writes: GroupCommit;
  readonly growth: SubfeedGrowth;
}

const proofBytes = 1_000;
/** Of the heads of another history so many are looked for in this one: the first that both have makes a proof for everybody. */
const maxComparedHeads = 1_000;

/** Compares heads that others show with this node's history, and keeps those that contradict it. */
export class ForkDetector {
  constructor(private readonly parts: ForkDetectorParts) {}

  /**
   * Fails with `feed-forked` if a head contradicts what is here: another hash at the same length or, in a feed of this node's own, a length that was never reached
   * here. Then both heads are on disk. Fails with `content-corrupt` if the feed's key has not signed such a head, or one that is ahead.
   */
  async check(head: SignedHead, isOwned: boolean): Promise<void> {
    const length = await this.lengthOf(head.subfeed);
    const isAhead = head.length > length;
    if (!isAhead && (await this.hashAt(head.subfeed, head.length))?.equals(head.lastHash) !== false) return;
    if (!isSignedByFeed(head)) throw notSigned(head.subfeed);
    if (isAhead && !isOwned) return;
    await this.refuse(head.subfeed, [head]);
  }

  /** Fails as `check` if two heads prove a fork to everybody, or if one of them contradicts what is here. */
  async checkFork([first, second]: readonly SignedHead[], isOwned: boolean): Promise<void> {
    if (first && second && isForkProof({ first, second })) await this.keep([first, second]);
    for (const head of [first, second]) if (head) await this.check(head, isOwned);
  }

  /**
   * Keeps the proof that heads, which the feed's key has signed and the last of which contradicts what is here, are those of another history, and fails with
   * `feed-forked`.
   */
  async refuse(subfeed: SubfeedAddress, shown: readonly SignedHead[]): Promise<never> {
    for (const head of shown.slice(-maxComparedHeads)) {
      const own = await this.ownHeadAt(subfeed, head.length);
      if (own && isForkProof({ first: head, second: own })) return this.keep([head, own]);
    }
    const [last] = shown.slice(-1);
    const own = await this.ownHeadBehind(subfeed, last?.length ?? 0);
    return this.keep([...(last ? [last] : []), ...(own ? [own] : [])]);
  }

  /** The hash of the entry before a position; undefined before the first, and where there is none. */
  async hashAt(subfeed: SubfeedAddress, length: number): Promise<Buffer | undefined> {
    const block = length === 0 ? undefined : await blockHolding(this.parts.database, subfeed, length - 1);
    return block && hashBehind(subfeed, block, length - block.position);
  }

  private async lengthOf(subfeed: SubfeedAddress): Promise<number> {
    return decodeSubfeedRecord(await this.parts.database.get(feedDatabaseKeys.subfeed(subfeed))).length;
  }

  /** This node's head of exactly this length, if an append ended there. */
  private async ownHeadAt(subfeed: SubfeedAddress, length: number): Promise<SignedHead | undefined> {
    const block = length === 0 ? undefined : await blockHolding(this.parts.database, subfeed, length - 1);
    const signature = block?.signature ?? block?.uncheckedSignature;
    if (!block || !signature || block.position + block.count !== length) return undefined;
    return { subfeed, length, lastHash: block.lastHash, signature };
  }

  /** This node's first head at or behind a length, or its last; undefined of a subfeed without messages. */
  private async ownHeadBehind(subfeed: SubfeedAddress, length: number): Promise<SignedHead | undefined> {
    const end = await this.lengthOf(subfeed);
    const first = end === 0 ? undefined : await blockHolding(this.parts.database, subfeed, Math.max(0, Math.min(length, end) - 1));
    for await (const blocks of readBlocks(this.parts.database, subfeed, { start: first?.position ?? 0, end })) {
      const signed = blocks.find(({ signature }) => signature !== undefined);
      if (signed?.signature) return { subfeed, length: signed.position + signed.count, lastHash: signed.lastHash, signature: signed.signature };
    }
    return undefined;
  }

  /** A proof that convinces everybody takes the place of one that does not, never the other way round. */
  private async keep(heads: readonly SignedHead[]): Promise<never> {
    const [first, second] = heads;
    if (!first) throw new KacheryError('internal', 'A fork without heads was to be kept.');
    const key = feedDatabaseKeys.fork(first.subfeed);
    await this.parts.writes.run({
      keys: [key],
      sizeBytes: proofBytes,
      apply: (view) => {
        const known = decodeForkHeads(first.subfeed, view.get(key));
        if (known.length === 0 || (second && isForkProof({ first, second }))) view.put(key, encodeForkHeads(heads));
      },
      committed: () => {
        this.parts.growth.tellFailed(first.subfeed, feedForked(first.subfeed));
      },
    });
    throw feedForked(first.subfeed);
  }
}

function notSigned({ feedId, subfeedHash }: SubfeedAddress): KacheryError {
  const uri = `feed://${feedId}/~${subfeedHash}`;
  return new KacheryError('content-corrupt', `A head of ${uri} that was shown is not signed with the feed's key. Do not trust who showed it.`, { uri });
}
