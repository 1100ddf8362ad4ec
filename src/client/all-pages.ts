/** Some items of a list, and where it goes on; an empty token behind the last. */
export interface ClientPage<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/** The items of all pages, each page read when its items are wanted. Fails as `readPage`. */
export async function* eachOfAllPages<Item>(readPage: (pageToken: string) => Promise<ClientPage<Item>>): AsyncGenerator<Item, void, undefined> {
  let pageToken = '';
  do {
    const { items, nextPageToken } = await readPage(pageToken);
    yield* items;
    pageToken = nextPageToken;
  } while (pageToken !== '');
}

/** The same as a list. */
export async function allPages<Item>(readPage: (pageToken: string) => Promise<ClientPage<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of eachOfAllPages(readPage)) items.push(item);
  return items;
}
