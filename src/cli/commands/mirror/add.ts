import { type CommandContext } from '../../command-context.js';
import { forEachItem } from '../../for-each-item.js';
import { withClient } from '../../with-client.js';

/** Mirrors what URIs name. */
export async function mirrorAddCommand(uris: readonly string[], context: CommandContext): Promise<void> {
  await withClient(context, (client) =>
    forEachItem(
      uris,
      context,
      (uri, signal) => client.mirrors.add(uri, { signal }),
      (mirror) => context.output.result(mirror, `mirroring ${mirror.uri}`),
    ),
  );
}
