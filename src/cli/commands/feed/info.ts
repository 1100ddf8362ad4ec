import { type CommandContext } from '../../command-context.js';
import { withClient } from '../../with-client.js';
import { feedFacts } from './feed-facts.js';

/** Tells what is known of a feed, and how many subfeeds and messages it has. */
export async function feedInfoCommand(feed: string, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  await withClient(context, async (client) => {
    const loaded = await client.feeds.load(feed, { signal });
    let [subfeeds, messages] = [0, 0];
    for await (const { length } of loaded.listSubfeeds({ signal })) [subfeeds, messages] = [subfeeds + 1, messages + length];
    const facts = [
      ['Feed', loaded.uri],
      ['Name', loaded.name ?? '(none)'],
      ['Writeable', loaded.isWriteable ? 'yes' : 'no: this node does not have its private key'],
      ['Created', loaded.createdAt.toISOString()],
      ['Subfeeds', String(subfeeds)],
      ['Messages', String(messages)],
    ] as const;
    await output.result({ ...feedFacts(loaded), subfeeds, messages }, facts.map(([name, value]) => `${name.padEnd(10)} ${value}`).join('\n'));
  });
}
