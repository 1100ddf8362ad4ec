import { type Mirror } from '../../../client/mirrors.js';
import { alignedRows } from '../../aligned-rows.js';
import { type CommandContext } from '../../command-context.js';
import { formatBytes } from '../../format-quantity.js';
import { withClient } from '../../with-client.js';

/** Tells the mirrors, and what is wrong with them. */
export async function mirrorLsCommand(context: CommandContext): Promise<void> {
  const { output, signal } = context;
  await withClient(context, async (client) => {
    const mirrors = await client.mirrors.list({ signal });
    const lines = alignedRows(mirrors.map((mirror) => [mirror.state, amountText(mirror), mirror.uri]));
    for (const [index, mirror] of mirrors.entries()) {
      await output.result(mirror, [lines[index] ?? '', ...(mirror.problem === '' ? [] : [`  ${mirror.problem}`])].join('\n'));
    }
    if (mirrors.length === 0) output.note('Nothing is mirrored. Begin with "kachery-p2p mirror add <uri>".');
  });
}

function amountText({ uri, loadedBytes, sizeBytes, loadedFiles, files, loadedMessages, messages, subfeeds }: Mirror): string {
  if (uri.startsWith('feed:')) {
    const amount = `${String(loadedMessages)} of ${count(messages, 'message')}`;
    return subfeeds === 1 ? amount : `${amount} in ${count(subfeeds, 'subfeed')}`;
  }
  const bytes = `${formatBytes(loadedBytes)} of ${sizeBytes === 0 && loadedFiles < files ? 'an unknown size' : formatBytes(sizeBytes)}`;
  return uri.startsWith('sha1dir:') ? `${bytes} in ${String(loadedFiles)} of ${count(files, 'file')}` : bytes;
}

function count(number: number, unit: string): string {
  return `${String(number)} ${unit}${number === 1 ? '' : 's'}`;
}
