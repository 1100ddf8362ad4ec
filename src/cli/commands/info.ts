import { type FileInfo, type FileProvider, type KacheryClient } from '../../client/kachery-client.js';
import { isKacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { formatBytes } from '../format-quantity.js';
import { withClient } from '../with-client.js';

/** Tells what is known of a file: what this node has of it, and which nodes have it. Fails with `file-not-found` if nobody has it. */
export async function infoCommand(uri: string, context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    const providers = await findProviders(client, uri, context.signal);
    const file = await client.stat(uri, { signal: context.signal }).catch((error: unknown) => {
      if (isKacheryError(error, 'file-not-found') && providers.length > 0) return undefined;
      throw error;
    });
    await context.output.result({ uri, ...file, providers }, describe(uri, file, providers));
  });
}

async function findProviders(client: KacheryClient, uri: string, signal: AbortSignal): Promise<FileProvider[]> {
  const providers: FileProvider[] = [];
  if (client.mode === 'offline') return providers;
  for await (const provider of client.findFile(uri, { signal })) providers.push(provider);
  return providers;
}

function describe(uri: string, file: FileInfo | undefined, providers: readonly FileProvider[]): string {
  const sizeBytes = file?.sizeBytes ?? providers[0]?.sizeBytes ?? 0;
  const facts: (readonly [string, string])[] = [
    ['URI', file?.uri ?? uri],
    ['Size', sizeBytes < 1000 ? formatBytes(sizeBytes) : `${formatBytes(sizeBytes)} (${String(sizeBytes)} bytes)`],
    ...(file === undefined ? [] : [['SHA-1', file.sha1] as const, [file.location === 'linked' ? 'Linked file' : 'Stored at', file.localPath] as const]),
    ...(file?.manifestSha1 === undefined ? [] : [['Manifest', file.manifestSha1] as const]),
    ...providers.map(({ nodeId, isLocal }) => ['Node', isLocal ? `${nodeId} (this one)` : nodeId] as const),
  ];
  return facts.map(([name, value]) => `${name.padEnd(12)} ${value}`).join('\n');
}
