/** What `work` makes of each item, in the order of the items, with at most `concurrency` of them under way. Ends when no work is under way any more. */
export async function* mapInOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Heard when its turn comes, which may be after it has failed.
      result.catch(() => undefined);
      underWay.push(result);
      const next = underWay.length < concurrency ? undefined : underWay.shift();
      if (next) yield await next;
    }
    for (let next = underWay.shift(); next; next = underWay.shift()) yield await next;
  } finally {
    await Promise.allSettled(underWay);
  }
}
