import { type CommandContext } from '../../command-context.js';
import { forEachItem } from '../../for-each-item.js';
import { withClient } from '../../with-client.js';

/** Deletes feeds for ever, with their private keys and messages. */
export async function feedRmCommand(feeds: readonly string[], context: CommandContext): Promise<void> {
  await withClient(context, (client) =>
    forEachItem(
      feeds,
      context,
      async (feed, signal) => {
        const { id, uri } = await client.feeds.load(feed, { signal });
        await client.feeds.delete(id, { signal });
        return { id, uri };
      },
      (result) => context.output.result(result, `${result.uri} removed`),
    ),
  );
}
