import { type CommandContext } from '../../command-context.js';
import { parseWholeNumber } from '../../parse-whole-number.js';
import { type SubfeedFlags } from '../../subfeed-selection.js';
import { writeMessages } from './write-messages.js';

/** Which subfeed, and the length that it must have, as typed. */
export interface FeedAppendFlags extends SubfeedFlags {
  readonly expectLength?: string;
}

/** Appends messages, and tells how many from which position on. With `expectLength`, nobody else's messages come before or between them. */
export async function feedAppendCommand(feed: string, texts: readonly string[], flags: FeedAppendFlags, context: CommandContext): Promise<void> {
  const expectedLength = parseWholeNumber('--expect-length', flags.expectLength);
  await writeMessages({ feed, flags, texts }, context, (subfeed, messages, length) =>
    subfeed.append(messages, {
      expectedLength: expectedLength === undefined ? undefined : (length ?? expectedLength),
      encoding: 'bytes',
      signal: context.signal,
    }),
  );
}
