import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { type SourceFlags, sourceOptions } from '../source-flags.js';
import { escapeControls } from '../escape-controls.js';
import { withClient } from '../with-client.js';

/** Tells the nodes that have a file, as they answer. Fails with `file-not-found` if none has it. */
export async function findCommand(uri: string, flags: SourceFlags, context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    let found = 0;
    for await (const provider of client.findFile(uri, { ...sourceOptions(flags), signal: context.signal })) {
      found += 1;
      const name = provider.isLocal ? 'this node' : escapeControls(provider.label);
      const text = `${provider.nodeId} ${String(provider.sizeBytes)} bytes${name === '' ? '' : ` (${name})`}`;
      await context.output.result(provider, text);
    }
    if (found === 0) throw new KacheryError('file-not-found', `No node that could be asked has ${uri}.`, { uri });
  });
}
