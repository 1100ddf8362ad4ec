import { type SubfeedAddress } from '../core/subfeed.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { feedDatabaseKeys, feedDatabaseRanges } from './feed-database-keys.js';
import { damagedMessages, decodeAnyBlock, decodeBlock, dropMessages, type MessageBlock } from './message-block.js';

/** The positions [start, end) of a subfeed; `end` is where an append ended. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The messages of a range in order, about 256 KiB at a time. Blocks are views on what was read. Fails with `content-corrupt` if any are damaged or missing.
 */
export async function* readBlocks(
  database: DurableDatabase,
  subfeed: SubfeedAddress,
  { start, end }: PositionRange,
): AsyncGenerator<MessageBlock[], void, undefined> {
  let next = start;
  const range = { gte: feedDatabaseKeys.block(subfeed, start), lt: feedDatabaseKeys.block(subfeed, end) };
  if (start < end) {
    const begun = await blockAround(database, subfeed, start);
    if (begun) {
      yield [begun];
      next += begun.count;
    }
  }
  for await (const page of database.valuePages(range)) {
    const blocks: MessageBlock[] = [];
    for (const value of page) {
      const block = decodeBlock(subfeed, next, value);
      next += block.count;
      blocks.push(block);
    }
    yield blocks;
  }
  if (next !== end) throw damagedMessages(subfeed, next);
}

/** The stored block that holds a position, if any does. */
export async function blockHolding(database: DurableDatabase, subfeed: SubfeedAddress, position: number): Promise<MessageBlock | undefined> {
  const range = { gte: feedDatabaseRanges.blocks(subfeed).gte, lt: feedDatabaseKeys.block(subfeed, position + 1) };
  const key = await database.lastKey(range);
  const value = key && (await database.get(key));
  const block = value && decodeAnyBlock(value);
  return block && block.position + block.count > position ? block : undefined;
}

/** The rest from a position on of a block that begins before it; undefined if a block begins there. */
async function blockAround(database: DurableDatabase, subfeed: SubfeedAddress, position: number): Promise<MessageBlock | undefined> {
  if (position === 0 || (await database.get(feedDatabaseKeys.block(subfeed, position)))) return undefined;
  const block = await blockHolding(database, subfeed, position);
  return block && dropMessages(subfeed, block, position - block.position);
}
