import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { type SourceFlags, sourceOptions } from '../source-flags.js';
import { withClient } from '../with-client.js';
import { withProgress } from '../with-progress.js';

/** Which bytes, as typed. */
export interface CatFlags extends SourceFlags {
  readonly start?: string;
  readonly end?: string;
}

/** Writes the bytes [start, end) of a file to standard output. */
export async function catCommand(uri: string, { start, end, ...flags }: CatFlags, context: CommandContext): Promise<void> {
  const range = { ...(start === undefined ? {} : { start: parseOffset('--start', start) }), ...(end === undefined ? {} : { end: parseOffset('--end', end) }) };
  await withClient(context, (client) =>
    withProgress(context, async (bar) => {
      const onProgress = context.stdout.isTTY === true ? undefined : bar.task();
      for await (const piece of client.readFile(uri, { ...range, ...sourceOptions(flags), signal: context.signal, ...(onProgress && { onProgress }) }))
        await context.output.bytes(piece);
    }),
  );
}

function parseOffset(flag: string, text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new KacheryError('invalid-range', `${flag} is ${quoted(text)}: a number of bytes is needed.`, { field: flag });
}
