import { type CommandContext } from '../command-context.js';
import { withClient } from '../with-client.js';

/** Tells the files that the node has, ordered by hash; `long` with size, place and path. */
export async function lsCommand({ long }: { readonly long?: boolean }, context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    for await (const file of client.listFiles({ signal: context.signal })) {
      const text = long === true ? `${String(file.sizeBytes).padStart(15)}  ${file.location}  ${file.uri}  ${file.localPath}` : file.uri;
      await context.output.result(file, text);
    }
  });
}
