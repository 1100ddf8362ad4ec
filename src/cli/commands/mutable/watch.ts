import { type MutableChange } from '../../../client/mutables.js';
import { type CommandContext } from '../../command-context.js';
import { keyJsonPrefix, type KeyFlags } from '../../mutable-key.js';
import { withClient } from '../../with-client.js';
import { mutableFacts } from './mutable-facts.js';

/** Which keys, and whether to begin with what is there already. */
export interface MutableWatchFlags extends KeyFlags {
  readonly existing?: boolean;
}

/** Tells changes of values as they are made, until it is interrupted. Goes on when the daemon is back. */
export async function mutableWatchCommand(prefix: string | undefined, flags: MutableWatchFlags, context: CommandContext): Promise<void> {
  const options = { keyJsonPrefix: keyJsonPrefix(prefix, flags), withExisting: flags.existing ?? false, signal: context.signal };
  await withClient(context, async (client) => {
    for await (const change of client.mutables.watch(options)) await context.output.result(factsOf(change), describe(change));
  });
}

function factsOf(change: MutableChange): object {
  return change.kind === 'set' ? { kind: change.kind, ...mutableFacts(change.mutable) } : change;
}

function describe(change: MutableChange): string {
  if (change.kind === 'deleted') return `${JSON.stringify(change.key)} removed`;
  return `${JSON.stringify(change.mutable.key)}\t${JSON.stringify(change.mutable.value)}`;
}
