/** Where a group of items ends: at so many items, or before their sizes would be more than so much together. */
export interface GroupBounds<Item> {
  readonly maxItems?: number;
  readonly maxBytes?: number;
  readonly sizeBytesOf?: (item: Item) => number;
}

/** The items in groups of as many as the bounds allow. An item that is over the bound by itself is a group by itself. */
export async function* inGroups<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  { maxItems = Infinity, maxBytes = Infinity, sizeBytesOf = () => 0 }: GroupBounds<Item>,
): AsyncGenerator<Item[], void, undefined> {
  let group: Item[] = [];
  let groupBytes = 0;
  for await (const item of items) {
    const sizeBytes = sizeBytesOf(item);
    if (group.length > 0 && (group.length >= maxItems || groupBytes + sizeBytes > maxBytes)) {
      yield group;
      group = [];
      groupBytes = 0;
    }
    group.push(item);
    groupBytes += sizeBytes;
  }
  if (group.length > 0) yield group;
}
