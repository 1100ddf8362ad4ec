import { type Subfeed } from '../../../client/feeds.js';
import { type KacheryClient } from '../../../client/kachery-client.js';
import { type SelectedSubfeed } from '../../subfeed-selection.js';

/** The subfeed that was selected. Fails with `feed-not-found`. */
export async function loadSubfeed(client: KacheryClient, { feed, name }: SelectedSubfeed, signal: AbortSignal): Promise<Subfeed> {
  return (await client.feeds.load(feed, { signal })).subfeed(name);
}
