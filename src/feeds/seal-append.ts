import { type KeyObject } from 'node:crypto';

import { type ChainEnd, EntryChain } from '../core/entry-chain.js';
import { signHead } from '../core/feed-head.js';
import { limits } from '../core/limits.js';
import { type NodeId } from '../core/node-id.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type MessageBlock } from './message-block.js';
import { packedSize, packMessages } from './packed-messages.js';

/** Messages, when they are appended, and in whose name. */
export interface StampedMessages {
  readonly messages: readonly Uint8Array[];
  readonly timestampMs: number;
  readonly submitter: NodeId | undefined;
}

/** Chains messages to a subfeed that ends at `start`, in blocks of bounded size, and signs the head behind the last one. There is at least one message. */
export function sealAppend(subfeed: SubfeedAddress, start: ChainEnd, append: StampedMessages, privateKey: KeyObject): MessageBlock[] {
  const { timestampMs, submitter } = append;
  const chain = new EntryChain(subfeed, start);
  chain.stamp(timestampMs, submitter);
  const blocks: MessageBlock[] = [];
  for (const messages of runsOf(append.messages)) {
    const { length: position, lastHash: previousHash } = chain.end;
    for (const message of messages) chain.add(message);
    const { lastHash } = chain.end;
    blocks.push({ position, count: messages.length, timestampMs, submitter, previousHash, lastHash, signature: undefined, packed: packMessages(messages) });
  }
  const { signature } = signHead(subfeed, chain.end, privateKey);
  return blocks.map((block, index) => (index === blocks.length - 1 ? { ...block, signature } : block));
}

/** The messages, cut so that no run is larger than a block may be; a message that is larger stands alone. */
function* runsOf(messages: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let [start, bytes] = [0, 0];
  for (const [index, { byteLength }] of messages.entries()) {
    const size = packedSize(byteLength);
    if (index > start && bytes + size > limits.feedBlockBytes) {
      yield messages.slice(start, index);
      [start, bytes] = [index, 0];
    }
    bytes += size;
  }
  yield messages.slice(start);
}
