import { type ReadMessagesOptions } from './feed-store.js';
import { type MessageBlock, takeMessages } from './message-block.js';
import { messageAt } from './packed-messages.js';

/**
 * The blocks up to so many messages and bytes, the last one cut. If proofs are wanted no block is cut, and they go on to the end of an append, whose signature
 * proves them.
 */
export async function* limitBlocks(
  pages: AsyncIterable<readonly MessageBlock[]>,
  { maxMessages = Infinity, maxBytes = Infinity, withProofs }: Omit<ReadMessagesOptions, 'signal'>,
): AsyncGenerator<readonly MessageBlock[], void, undefined> {
  const budget = new Budget(maxMessages, maxBytes);
  let isProven = true;
  for await (const page of pages) {
    const taken: MessageBlock[] = [];
    for (const block of page) {
      const part = budget.take(block);
      const isWanted = part.count > 0 || !isProven;
      if (isWanted) taken.push(withProofs ? block : part);
      if (isWanted && withProofs) isProven = block.signature !== undefined;
      if (budget.isSpent && isProven) break;
    }
    if (taken.length > 0) yield taken;
    if (budget.isSpent && isProven) return;
  }
}

/** How much may still be read. The first message is free. */
class Budget {
  private hasTaken = false;
  /** Whether something did not fit, or nothing more would. */
  isSpent = false;

  constructor(
    private messages: number,
    private bytes: number,
  ) {}

  /** The beginning of a block that may be read. */
  take(block: MessageBlock): MessageBlock {
    if (this.messages === Infinity && this.bytes === Infinity) return block;
    let [offset, count] = [0, 0];
    while (count < block.count && this.messages > 0) {
      const { start, end } = messageAt(block.packed, offset);
      if (this.hasTaken && end - start > this.bytes) break;
      this.hasTaken = true;
      this.bytes -= end - start;
      this.messages--;
      offset = end;
      count++;
    }
    this.isSpent ||= count < block.count || this.messages <= 0 || this.bytes <= 0;
    return count === block.count ? block : takeMessages(block, count);
  }
}
