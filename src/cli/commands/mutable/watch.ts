import { type MutableChange } from '../../../client/mutables.js';
import { type CommandContext } from '../../command-context.js';
import { keyJsonPrefix, type KeyFlags } from '../../mutable-key.js';
import { type Output } from '../../output.js';
import { withClient } from '../../with-client.js';
import { mutableLines } from './mutable-lines.js';

/** Which keys, and whether to begin with what is there already. */
export interface MutableWatchFlags extends KeyFlags {
  readonly existing?: boolean;
}

/** Tells changes of values as they are made, until it is interrupted. Goes on when the daemon is back. */
export async function mutableWatchCommand(prefix: string | undefined, flags: MutableWatchFlags, context: CommandContext): Promise<void> {
  const options = { keyJsonPrefix: keyJsonPrefix(prefix, flags), withExisting: flags.existing ?? false, signal: context.signal };
  await withClient(context, async (client) => {
    for await (const change of client.mutables.watch(options)) await tell(change, context.output);
  });
}

async function tell(change: MutableChange, output: Output): Promise<void> {
  if (change.kind === 'deleted') return output.result(change, `${JSON.stringify(change.key)} removed`);
  const { json, keyAndValue } = mutableLines(change.mutable);
  await output.line(`{"kind":"set",${json.slice(1)}`, keyAndValue);
}
