import { type CommandContext } from '../../command-context.js';
import { forEachItem } from '../../for-each-item.js';
import { withClient } from '../../with-client.js';

/** Ends mirrors; what is here stays. */
export async function mirrorRmCommand(uris: readonly string[], context: CommandContext): Promise<void> {
  await withClient(context, (client) =>
    forEachItem(
      uris,
      context,
      async (uri, signal) => {
        await client.mirrors.remove(uri, { signal });
        return { uri };
      },
      (result) => context.output.result(result, `not mirroring ${result.uri} any more`),
    ),
  );
}
