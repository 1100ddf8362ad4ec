import { type CommandContext } from '../../command-context.js';
import { withClient } from '../../with-client.js';
import { feedFacts } from './feed-facts.js';

/** Makes a feed and tells its URI. Fails with `already-exists` if a feed here has the name. */
export async function feedCreateCommand(name: string | undefined, context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    const feed = await client.feeds.create(name, { signal: context.signal });
    await context.output.result(feedFacts(feed), feed.uri);
  });
}
