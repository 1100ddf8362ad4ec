import { type CommandContext } from '../../command-context.js';
import { keyJsonPrefix, type KeyFlags } from '../../mutable-key.js';
import { withClient } from '../../with-client.js';
import { mutableLines } from './mutable-lines.js';

/** Tells keys and values as JSON, with a tab between them, ordered by key. */
export async function mutableLsCommand(prefix: string | undefined, flags: KeyFlags, context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    for await (const mutable of client.mutables.list({ keyJsonPrefix: keyJsonPrefix(prefix, flags), signal: context.signal })) {
      const { json, keyAndValue } = mutableLines(mutable);
      await context.output.line(json, keyAndValue);
    }
  });
}
