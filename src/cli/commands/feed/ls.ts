import { type Feed, type SubfeedInfo } from '../../../client/feeds.js';
import { type CommandContext } from '../../command-context.js';
import { withClient } from '../../with-client.js';
import { feedFacts } from './feed-facts.js';

/** Tells the feeds of the node or, of one feed, the subfeeds with their lengths. */
export async function feedLsCommand(feed: string | undefined, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  await withClient(context, async (client) => {
    if (feed === undefined) {
      for await (const each of client.feeds.list({ signal })) await output.result(feedFacts(each), describeFeed(each));
      return;
    }
    const loaded = await client.feeds.load(feed, { signal });
    for await (const subfeed of loaded.listSubfeeds({ signal })) {
      const { uri } = loaded.subfeed(subfeed.name ?? `~${subfeed.hash}`);
      await output.result({ ...subfeed, uri }, describeSubfeed(uri, subfeed));
    }
  });
}

function describeFeed({ uri, isWriteable, name = '' }: Feed): string {
  return `${uri}  ${isWriteable ? 'writeable' : 'read-only'}  ${name}`.trimEnd();
}

/** The name stands in the URI already, if that can show it. */
function describeSubfeed(uri: string, { hash, length, name }: SubfeedInfo): string {
  const text = `${uri}  ${String(length)} messages`;
  return name !== undefined && uri.endsWith(`/~${hash}`) ? `${text}  ${JSON.stringify(name)}` : text;
}
