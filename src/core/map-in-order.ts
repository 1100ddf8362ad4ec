/**
 * What `work` resolves with for each item, in the order of the items, with at most `inFlight` of them being worked on or waiting to be taken. Fails with the
 * first failure in that order. Ends, also early, when no work is under way any more.
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  inFlight: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const started: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const working = work(item);
      // It is awaited in its turn; until then a failure must not count as one that nobody handles.
      working.catch(() => undefined);
      started.push(working);
      const first = started.length >= inFlight ? started.shift() : undefined;
      if (first) yield await first;
    }
    for (let first = started.shift(); first; first = started.shift()) yield await first;
  } finally {
    await Promise.allSettled(started);
  }
}
