import { type ChainEnd, EntryChain } from '../core/entry-chain.js';
import { KacheryError } from '../core/failure.js';
import { isSignedByFeed, type SignedHead } from '../core/feed-head.js';
import { limits } from '../core/limits.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type MessageBlock, withUncheckedSignature } from './message-block.js';
import { unpackMessages } from './packed-messages.js';
import { WorkTurns } from './work-turns.js';

/** Messages that the feed's key has signed, whatever stands before them. */
export interface VerifiedRun {
  /** As they came, but signatures that were not looked at are marked so. */
  readonly blocks: readonly MessageBlock[];
  /** Hash of the entry before the position that was asked for. */
  readonly hashAt: Buffer;
}

/** What is looked for in a run, and how. */
export interface RunVerification {
  /** The position whose hash is wanted: within the messages, or at one of their ends. */
  readonly junction: number;
  readonly signal: AbortSignal | undefined;
}

const nobody = '0'.repeat(64);
/** Messages that may follow each other without a signature that was checked, unless they were appended together: hashing so many costs as much as a look at one. */
const maxUncheckedMessages = 1_000;
/** So many messages are hashed between two looks at the clock. */
const messagesPerLook = 512;

/**
 * Verifies messages that follow each other and end with a signed head, in turns of some milliseconds. The last signature proves all of them; of those before it so
 * many are checked that whoever reads the messages with proofs does not wait for a signature much longer than if every one was. Fails with `content-corrupt`, and
 * with the signal's reason.
 */
export async function verifyRun(subfeed: SubfeedAddress, blocks: readonly MessageBlock[], verification: RunVerification): Promise<VerifiedRun> {
  const hashAt = await hashRun(subfeed, blocks, verification);
  const turns = new WorkTurns();
  const verified: MessageBlock[] = [];
  const appends = appendsOf(blocks);
  let unproven = nothing;
  for (const [index, append] of appends.entries()) {
    unproven = sum(unproven, sizeOf(append));
    const isWanted = index === appends.length - 1 || isTooMuch(sum(unproven, sizeOf(appends[index + 1] ?? [])));
    if (isWanted) {
      checkSignature(subfeed, append.at(-1));
      unproven = nothing;
    }
    verified.push(...(isWanted ? append : append.map(withUncheckedSignature)));
    await turns.pass();
    verification.signal?.throwIfAborted();
  }
  return { blocks: verified, hashAt };
}

/** What is told of messages that the feed's key has not signed. */
export function unprovenMessages({ feedId, subfeedHash }: SubfeedAddress, problem: string): KacheryError {
  const uri = `feed://${feedId}/~${subfeedHash}`;
  return new KacheryError('content-corrupt', `Messages of ${uri} that another node sent are not genuine: ${problem}. Get them from another node.`, { uri });
}

/** Checks that the blocks are one chain, block by block as each says, and resolves with the hash before the junction. */
async function hashRun(subfeed: SubfeedAddress, blocks: readonly MessageBlock[], { junction, signal }: RunVerification): Promise<Buffer> {
  const [first] = blocks;
  if (blocks.at(-1)?.signature === undefined || !first) throw withoutSignature(subfeed);
  const turns = new WorkTurns();
  let end: ChainEnd = { length: first.position, lastHash: first.previousHash };
  const chain = new EntryChain(subfeed, end);
  let length = first.position;
  let hashAt = first.previousHash;
  for (const block of blocks) {
    checkBegin(subfeed, block, end);
    chain.stamp(block.timestampMs, block.submitter);
    for (const message of unpackMessages(block.packed)) {
      chain.add(message);
      length++;
      if (length === junction) hashAt = chain.end.lastHash;
      if (length % messagesPerLook === 0 && turns.isDue) await turns.pass();
    }
    end = chain.end;
    checkEnd(subfeed, block, end);
    await turns.pass();
    signal?.throwIfAborted();
  }
  return hashAt;
}

function checkBegin(subfeed: SubfeedAddress, { position, count, submitter, previousHash, packed }: MessageBlock, end: ChainEnd): void {
  // Zeros are hashed for the owner, so this would be told of messages that nobody submitted.
  if (submitter === nobody) throw unprovenMessages(subfeed, `those from position ${String(position)} on name a submitter that nobody is`);
  if (count > 1 && packed.byteLength > limits.feedBlockBytes)
    throw unprovenMessages(subfeed, `${String(packed.byteLength)} bytes from position ${String(position)} on came in one piece`);
  if (position !== end.length) throw unprovenMessages(subfeed, `messages from position ${String(position)} on came where ${String(end.length)} was next`);
  if (!previousHash.equals(end.lastHash)) throw unprovenMessages(subfeed, `those at position ${String(position)} are not said to follow those before`);
}

function checkEnd(subfeed: SubfeedAddress, { position, count, lastHash }: MessageBlock, end: ChainEnd): void {
  const isWhole = count > 0 && end.length === position + count;
  if (!isWhole || !end.lastHash.equals(lastHash)) throw unprovenMessages(subfeed, `those from position ${String(position)} on are not those that were signed`);
}

function checkSignature(subfeed: SubfeedAddress, last: MessageBlock | undefined): void {
  if (!last?.signature) throw withoutSignature(subfeed);
  const { position, count, lastHash, signature } = last;
  const head: SignedHead = { subfeed, length: position + count, lastHash, signature };
  if (!isSignedByFeed(head)) throw unprovenMessages(subfeed, `the signature behind position ${String(head.length)} is not that of the feed's key`);
}

function withoutSignature(subfeed: SubfeedAddress): KacheryError {
  return unprovenMessages(subfeed, 'the last of them have no signature');
}

/** The blocks in groups that end with a signature each. */
function appendsOf(blocks: readonly MessageBlock[]): MessageBlock[][] {
  const appends: MessageBlock[][] = [];
  let isWhole = true;
  for (const block of blocks) {
    if (isWhole) appends.push([]);
    appends.at(-1)?.push(block);
    isWhole = block.signature !== undefined;
  }
  return appends;
}

interface Size {
  readonly messages: number;
  readonly bytes: number;
}

const nothing: Size = { messages: 0, bytes: 0 };

function sizeOf(blocks: readonly MessageBlock[]): Size {
  return blocks.reduce((size, { count, packed }) => sum(size, { messages: count, bytes: packed.byteLength }), nothing);
}

function sum(one: Size, other: Size): Size {
  return { messages: one.messages + other.messages, bytes: one.bytes + other.bytes };
}

function isTooMuch({ messages, bytes }: Size): boolean {
  return messages > maxUncheckedMessages || bytes > limits.feedBlockBytes;
}
