import { stat } from 'node:fs/promises';

import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { type SourceFlags, sourceOptions } from '../source-flags.js';
import { withClient } from '../with-client.js';
import { withProgress } from '../with-progress.js';
import { catCommand } from './cat.js';

/** Brings a file to this machine and tells its path: in the storage directory or, with `dest`, of a copy there; `-` stands for standard output. */
export async function loadCommand(uri: string, { dest, ...flags }: { readonly dest?: string } & SourceFlags, context: CommandContext): Promise<void> {
  if (dest === '-') return catCommand(uri, flags, context);
  if (dest !== undefined) await checkDestination(dest);
  const destOption = dest === undefined ? {} : { dest };
  await withClient(context, async (client) => {
    const path = await withProgress(context, (bar) =>
      client.loadFile(uri, { ...destOption, ...sourceOptions(flags), signal: context.signal, onProgress: bar.task() }),
    );
    await context.output.exactly({ uri, path }, path);
  });
}

async function checkDestination(dest: string): Promise<void> {
  const found = await stat(dest).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  const advice = found.isDirectory()
    ? `is a directory. Give the path of the file, such as ${dest.replace(/\/+$/, '')}/name.dat`
    : 'is not a regular file. Use "-" or cat for pipes';
  throw new KacheryError('not-a-regular-file', `--dest ${dest} ${advice}.`, { path: dest });
}
