import { type ChainEnd, EntryChain } from './entry-chain.js';
import { KacheryError } from './failure.js';
import { isSignedByFeed, type SignedHead } from './feed-head.js';
import { type NodeId } from './node-id.js';

/** Messages that follow each other and were appended together. */
export interface EntryBatch {
  readonly position: number;
  readonly timestampMs: number;
  /** The node that submitted them; undefined for the feed's owner. */
  readonly submitter: NodeId | undefined;
  readonly messages: Iterable<Uint8Array>;
}

/**
 * Checks that the batches lead from one end of a subfeed's chain to a head that the feed's key has signed; then every byte of them, and `start` itself, is what
 * the owner signed. Costs one hash a message and one signature. Fails with `content-corrupt`.
 */
export function verifyEntries(start: ChainEnd, batches: Iterable<EntryBatch>, head: SignedHead): void {
  const chain = new EntryChain(head.subfeed, start);
  let length = start.length;
  for (const { position, timestampMs, submitter, messages } of batches) {
    if (position !== length) throw unproven(head, `messages from position ${String(position)} on came where ${String(length)} was next`);
    chain.stamp(timestampMs, submitter);
    for (const message of messages) {
      chain.add(message);
      length++;
    }
  }
  if (length !== head.length) throw unproven(head, `the messages end at ${String(length)}, the signed head at ${String(head.length)}`);
  if (!chain.end.lastHash.equals(head.lastHash)) throw unproven(head, 'the messages are not those that were signed');
  if (!isSignedByFeed(head)) throw unproven(head, "the signature is not that of the feed's key");
}

function unproven({ subfeed: { feedId, subfeedHash } }: SignedHead, problem: string): KacheryError {
  return new KacheryError('content-corrupt', `Messages of feed://${feedId}/~${subfeedHash} are not genuine: ${problem}. Get them from another node.`, {
    uri: `feed://${feedId}/~${subfeedHash}`,
  });
}
