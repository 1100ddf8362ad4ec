import { KacheryError } from '../../../core/failure.js';
import { type CommandContext } from '../../command-context.js';
import { forEachItem } from '../../for-each-item.js';
import { type KeyFlags, parseMutableKey } from '../../mutable-key.js';
import { withClient } from '../../with-client.js';
import { type ExpectationFlags, parseExpectation } from './expectation.js';

/** Takes the values of keys away. Fails with `mutable-not-found` if one has none, and with `mutable-conflict` if what is expected is not there. */
export async function mutableRmCommand(texts: readonly string[], flags: KeyFlags & ExpectationFlags, context: CommandContext): Promise<void> {
  const keys = texts.map((text) => parseMutableKey(text, flags));
  const expected = parseExpectation(flags);
  if (expected !== undefined && keys.length > 1) {
    throw new KacheryError('invalid-argument', 'What is expected can be said of one key only; several keys were given.', { field: 'keys' });
  }
  await withClient(context, (client) =>
    forEachItem(
      keys,
      context,
      async (key, signal) => {
        if (await client.mutables.delete(key, { expected, signal })) return { key };
        throw new KacheryError('mutable-not-found', `The key ${JSON.stringify(key)} has no value on this node.`);
      },
      (result) => context.output.result(result, `${JSON.stringify(result.key)} removed`),
    ),
  );
}
