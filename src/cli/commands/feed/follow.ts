import { KacheryError } from '../../../core/failure.js';
import { type CommandContext } from '../../command-context.js';
import { parseWholeNumber } from '../../parse-whole-number.js';
import { selectSubfeed } from '../../subfeed-selection.js';
import { withClient } from '../../with-client.js';
import { type FeedCatFlags } from './cat.js';
import { loadSubfeed } from './load-subfeed.js';
import { tellMessages } from './tell-messages.js';

/** Which messages, as typed; `new`: only those to come. */
export interface FeedFollowFlags extends FeedCatFlags {
  readonly new?: boolean;
}

/** Tells the messages that a subfeed has and each new one, until it is interrupted or has told the most that are wanted. Goes on when the daemon is back. */
export async function feedFollowCommand(feed: string, flags: FeedFollowFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const selected = selectSubfeed(feed, flags);
  if (flags.new === true && flags.position !== undefined) {
    throw new KacheryError('invalid-argument', 'Only one of --new and --position can be given.', { field: '--new' });
  }
  const [given, max] = [parseWholeNumber('--position', flags.position), parseWholeNumber('--max', flags.max)];
  await withClient(context, async (client) => {
    const subfeed = await loadSubfeed(client, selected, signal);
    const position = flags.new === true ? await subfeed.getLength({ signal }) : given;
    await tellMessages(first(subfeed.follow({ position, encoding: 'bytes', verified: flags.verify, signal }), max), output);
  });
}

/** The first of the items; all if no number is given. */
async function* first<Item>(items: AsyncIterable<Item>, max = Infinity): AsyncGenerator<Item, void, undefined> {
  let left = max;
  if (left === 0) return;
  for await (const item of items) {
    yield item;
    left -= 1;
    if (left === 0) return;
  }
}
