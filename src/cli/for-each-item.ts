import { type FailureReason, isKacheryError } from '../core/failure.js';
import { type CommandContext } from './command-context.js';
import { ToldFailure } from './told-failure.js';

const itemsAtATime = 8;

/** Reasons that speak of one item alone: the others may succeed. */
const reasonsOfOneItem: ReadonlySet<FailureReason> = new Set([
  'invalid-uri',
  'not-a-regular-file',
  'file-not-found',
  'path-not-found',
  'path-not-permitted',
  'file-changed',
  'content-corrupt',
  'feed-not-found',
  'mutable-not-found',
  'mirror-not-found',
]);

/**
 * Does `work` for every item, several at a time, and tells the results in the order of the items. An item that fails for a reason of its own is told, and the
 * others go on; any other failure ends it. Fails at the end with a {@link ToldFailure} if an item failed.
 */
export async function forEachItem<Item, Result>(
  items: readonly Item[],
  { output, signal }: CommandContext,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  tell: (result: Result) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const eitherSignal = AbortSignal.any([signal, stop.signal]);
  const pending: Promise<Result>[] = [];
  let firstFailure: unknown;
  const tellNext = async (): Promise<void> => {
    const next = pending.shift();
    if (next === undefined) return;
    try {
      await tell(await next);
    } catch (error) {
      if (items.length === 1 || !isKacheryError(error) || !reasonsOfOneItem.has(error.reason)) throw error;
      output.failure(error);
      firstFailure ??= error;
    }
  };
  try {
    for (const item of items) {
      pending.push(quietly(work(item, eitherSignal)));
      if (pending.length === itemsAtATime) await tellNext();
    }
    while (pending.length > 0) await tellNext();
  } finally {
    stop.abort();
    await Promise.allSettled(pending);
  }
  if (firstFailure !== undefined) throw new ToldFailure(firstFailure);
}

/** The same promise; a failure of it counts only when somebody awaits it. */
function quietly<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}
