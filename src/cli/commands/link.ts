import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { forEachItem } from '../for-each-item.js';
import { withClient } from '../with-client.js';
import { withProgress } from '../with-progress.js';

/** Makes files available where they are and tells their URIs, in the order of `paths`. */
export async function linkCommand(paths: readonly string[], { label }: { readonly label?: string }, context: CommandContext): Promise<void> {
  if (label !== undefined && paths.length > 1)
    throw new KacheryError('invalid-argument', '--label names one file; several paths were given.', { field: '--label' });
  const labelOption = label === undefined ? {} : { label };
  await withClient(context, (client) =>
    withProgress(context, (bar) =>
      forEachItem(
        paths,
        context,
        async (path, signal) => ({ path, uri: await client.linkFile(path, { ...labelOption, signal, onProgress: bar.task() }) }),
        (result) => {
          bar.close();
          return context.output.result(result, result.uri);
        },
      ),
    ),
  );
}
