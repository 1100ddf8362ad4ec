import { type CommandContext } from '../command-context.js';
import { withClient } from '../with-client.js';

/** Tells who the node of the daemon is and what it can do. */
export async function nodeInfoCommand(context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    const node = await client.getNode({ signal: context.signal });
    const facts = [
      ['Node', node.nodeId],
      ['Label', node.label],
      ['Version', node.version],
      ['API', node.apiVersions.join(', ')],
      ['Features', node.features.join(', ')],
      ['Storage', node.storageDir],
      ['Started', node.startedAt.toISOString()],
    ] as const;
    await context.output.result(node, facts.map(([name, value]) => `${name.padEnd(10)} ${value}`).join('\n'));
  });
}
