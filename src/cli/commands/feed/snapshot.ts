import { type CommandContext } from '../../command-context.js';
import { selectSubfeeds, type SubfeedFlags } from '../../subfeed-selection.js';
import { withClient } from '../../with-client.js';

/** Stores the messages of the named subfeeds, of all if none is named, as one JSON file and tells its URI. */
export async function feedSnapshotCommand(feed: string, flags: SubfeedFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const selected = selectSubfeeds(feed, flags);
  await withClient(context, async (client) => {
    const loaded = await client.feeds.load(selected.feed, { signal });
    const uri = await loaded.createSnapshot(selected.names.length === 0 ? undefined : selected.names, { signal });
    await output.result({ feed: loaded.uri, uri }, uri);
  });
}
