/** Some items of a list, and where it goes on; an empty token behind the last. */
export interface ClientPage<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/** The items of all pages. Fails as `readPage`. */
export async function allPages<Item>(readPage: (pageToken: string) => Promise<ClientPage<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let pageToken = '';
  do {
    const page = await readPage(pageToken);
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return items;
}
