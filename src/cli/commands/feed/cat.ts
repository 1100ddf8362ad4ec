import { type CommandContext } from '../../command-context.js';
import { parseWholeNumber } from '../../parse-whole-number.js';
import { selectSubfeed, type SubfeedFlags } from '../../subfeed-selection.js';
import { withClient } from '../../with-client.js';
import { loadSubfeed } from './load-subfeed.js';
import { tellMessages } from './tell-messages.js';

/** Which messages, as typed. */
export interface FeedCatFlags extends SubfeedFlags {
  readonly position?: string;
  readonly max?: string;
  readonly verify?: boolean;
}

/** Tells the messages that a subfeed has now. */
export async function feedCatCommand(feed: string, flags: FeedCatFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const selected = selectSubfeed(feed, flags);
  const [position, maxMessages] = [parseWholeNumber('--position', flags.position), parseWholeNumber('--max', flags.max)];
  await withClient(context, async (client) => {
    const subfeed = await loadSubfeed(client, selected, signal);
    await tellMessages(subfeed.read({ position, maxMessages, encoding: 'bytes', verified: flags.verify, signal }), output);
  });
}
