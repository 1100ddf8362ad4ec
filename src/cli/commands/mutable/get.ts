import { KacheryError } from '../../../core/failure.js';
import { type CommandContext } from '../../command-context.js';
import { type KeyFlags, parseMutableKey } from '../../mutable-key.js';
import { withClient } from '../../with-client.js';
import { mutableLines } from './mutable-lines.js';

/** Tells the value of a key as JSON. Fails with `mutable-not-found` if it has none. */
export async function mutableGetCommand(text: string, flags: KeyFlags, context: CommandContext): Promise<void> {
  const key = parseMutableKey(text, flags);
  await withClient(context, async (client) => {
    const mutable = await client.mutables.get(key, { signal: context.signal });
    if (mutable === undefined) throw new KacheryError('mutable-not-found', `The key ${JSON.stringify(key)} has no value on this node.`);
    const { json, value } = mutableLines(mutable);
    await context.output.line(json, value);
  });
}
