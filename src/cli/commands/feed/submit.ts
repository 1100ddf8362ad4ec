import { type CommandContext } from '../../command-context.js';
import { type SubfeedFlags } from '../../subfeed-selection.js';
import { writeMessages } from './write-messages.js';

/** Appends messages in the name of this node to a feed that may be another's, and tells how many from which position on. Fails with `submit-not-allowed`. */
export async function feedSubmitCommand(feed: string, texts: readonly string[], flags: SubfeedFlags, context: CommandContext): Promise<void> {
  await writeMessages({ feed, flags, texts }, context, (subfeed, messages) => subfeed.submit(messages, { encoding: 'bytes', signal: context.signal }));
}
