/** What `work` resolves with for each item, in the order of the items, with at most `inFlight` of them being worked on or waiting to be taken. */
export async function* mapInOrder<Item, Result>(
  items: readonly Item[],
  inFlight: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const started: Promise<Result>[] = [];
  let next = 0;
  try {
    while (next < items.length || started.length > 0) {
      for (const item of items.slice(next, next + inFlight - started.length)) {
        const result = work(item);
        // It is awaited when its turn comes; until then a failure must not count as one that nobody handles.
        result.catch(() => undefined);
        started.push(result);
        next++;
      }
      const first = started.shift();
      if (first) yield await first;
    }
  } finally {
    await Promise.allSettled(started);
  }
}
