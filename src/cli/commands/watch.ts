import { type CommandContext } from '../command-context.js';
import { formatBytes } from '../format-quantity.js';
import { withClient } from '../with-client.js';

/** Tells of the daemon's transfers as they start, go on and end, until it is interrupted or the daemon stops. */
export async function watchCommand(context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    for await (const transfer of client.watchTransfers({ signal: context.signal })) {
      const { id, kind, state, uri, transferredBytes, sizeBytes } = transfer;
      const size = sizeBytes === 0 ? '' : ` of ${formatBytes(sizeBytes)}`;
      await context.output.result(transfer, `${String(id)} ${kind} ${state} ${formatBytes(transferredBytes)}${size} ${uri}`.trimEnd());
    }
  });
}
