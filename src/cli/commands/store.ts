import { addAbortSignal } from 'node:stream';

import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { forEachItem } from '../for-each-item.js';
import { withClient } from '../with-client.js';
import { withProgress } from '../with-progress.js';

/** Stores files and tells their URIs, in the order of `paths`; `-` stands for standard input. */
export async function storeCommand(paths: readonly string[], { label }: { readonly label?: string }, context: CommandContext): Promise<void> {
  checkPaths(paths, label);
  const labelOption = label === undefined ? {} : { label };
  await withClient(context, (client) =>
    withProgress(context, (bar) =>
      forEachItem(
        paths,
        context,
        async (path, signal) => {
          const options = { ...labelOption, signal, onProgress: bar.task() };
          const uri = await (path === '-' ? client.storeStream(addAbortSignal(signal, context.stdin), options) : client.storeFile(path, options));
          return { path, uri };
        },
        (result) => {
          bar.close();
          return context.output.result(result, result.uri);
        },
      ),
    ),
  );
}

function checkPaths(paths: readonly string[], label: string | undefined): void {
  if (label !== undefined && paths.length > 1)
    throw new KacheryError('invalid-argument', '--label names one file; several paths were given.', { field: '--label' });
  if (paths.filter((path) => path === '-').length > 1) {
    throw new KacheryError('invalid-argument', 'Standard input can be stored once only; "-" was given twice.', { field: 'paths' });
  }
}
