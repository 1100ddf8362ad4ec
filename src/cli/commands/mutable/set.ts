import { limits } from '../../../core/limits.js';
import { type CommandContext } from '../../command-context.js';
import { type KeyFlags, parseMutableKey } from '../../mutable-key.js';
import { parseKeptJson } from '../../parse-kept-json.js';
import { readText } from '../../read-text.js';
import { withClient } from '../../with-client.js';
import { type ExpectationFlags, parseExpectation } from './expectation.js';
import { mutableLines } from './mutable-lines.js';

/** Gives a key a value, JSON, which standard input brings if it is `-`. Fails with `mutable-conflict` if what is expected is not there. */
export async function mutableSetCommand(text: string, valueText: string, flags: KeyFlags & ExpectationFlags, context: CommandContext): Promise<void> {
  const { output, signal, stdin } = context;
  const key = parseMutableKey(text, flags);
  const expected = parseExpectation(flags);
  const value = parseKeptJson(
    valueText === '-' ? await readText(stdin, limits.maxMutableValueBytes, signal) : valueText,
    'the value',
    limits.maxMutableValueBytes,
  );
  await withClient(context, async (client) => {
    const mutable = await client.mutables.set(key, value, { expected, signal });
    await output.line(mutableLines(mutable).json, `${JSON.stringify(key)} set, version ${String(mutable.version)}`);
  });
}
