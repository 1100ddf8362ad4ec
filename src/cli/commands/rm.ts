import { type CommandContext } from '../command-context.js';
import { forEachItem } from '../for-each-item.js';
import { formatBytes } from '../format-quantity.js';
import { withClient } from '../with-client.js';

/** Removes files from the node, or their links; linked files themselves stay. */
export async function rmCommand(uris: readonly string[], context: CommandContext): Promise<void> {
  await withClient(context, (client) =>
    forEachItem(
      uris,
      context,
      async (uri, signal) => ({ uri, freedBytes: await client.deleteFile(uri, { signal }) }),
      (result) => context.output.result(result, `${result.uri} removed, ${formatBytes(result.freedBytes)} freed`),
    ),
  );
}
