import { type VerifyEvent } from '../../client/kachery-client.js';
import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { formatBytes } from '../format-quantity.js';
import { ToldFailure } from '../told-failure.js';
import { withClient } from '../with-client.js';
import { withProgress } from '../with-progress.js';

/**
 * Hashes stored files again, all or those of `uris`, tells the bad ones and how much was checked, and moves bad ones out of the store if `quarantine` is set.
 * Fails with `content-corrupt` if one was bad.
 */
export async function verifyCommand(uris: readonly string[], { quarantine }: { readonly quarantine: boolean }, context: CommandContext): Promise<void> {
  const badFiles = await withClient(context, (client) =>
    withProgress(context, async (bar) => {
      const onProgress = bar.task();
      let last = { checkedFiles: 0, checkedBytes: 0, badFiles: 0 };
      for await (const event of client.verifyFiles({ ...(uris.length > 0 && { uris }), quarantine, signal: context.signal })) {
        if (event.kind === 'progress') {
          last = { checkedFiles: event.checkedFiles, checkedBytes: event.checkedBytes, badFiles: event.badFiles };
          onProgress({ state: 'verifying', doneBytes: event.checkedBytes, sizeBytes: 0 });
        } else {
          bar.close();
          await context.output.result(event, describe(event));
        }
      }
      bar.close();
      const text = `${String(last.checkedFiles)} files (${formatBytes(last.checkedBytes)}) checked, ${String(last.badFiles)} bad`;
      await context.output.result({ kind: 'summary', ...last }, text);
      return last.badFiles;
    }),
  );
  if (badFiles > 0) throw new ToldFailure(new KacheryError('content-corrupt', `${String(badFiles)} files are bad.`));
}

function describe({ sha1, path, problem, quarantinePath }: VerifyEvent & { kind: 'bad' }): string {
  return `BAD sha1://${sha1} at ${path}: ${problem}${quarantinePath === '' ? '' : `; moved to ${quarantinePath}`}`;
}
