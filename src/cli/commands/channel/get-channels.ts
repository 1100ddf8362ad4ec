import { type Channel } from '../../../client/channels.js';
import { alignedRows } from '../../aligned-rows.js';
import { type CommandContext } from '../../command-context.js';
import { withClient } from '../../with-client.js';
import { authorization, otherNodes, rolesText, toDo } from './channel-lines.js';

/** Tells the joined channels, and what is to be done about them. */
export async function getChannelsCommand(context: CommandContext): Promise<void> {
  const { output, signal } = context;
  await withClient(context, async (client) => {
    const channels = await client.channels.list({ signal });
    const lines = alignedRows(channels.map(cells));
    for (const [index, channel] of channels.entries()) await output.result(channel, [lines[index] ?? '', ...toDo(channel)].join('\n'));
    if (channels.length === 0) output.note('No channel is joined. Join one with "kachery-p2p join-channel <address>".');
  });
}

function cells(channel: Channel): string[] {
  const connected = `${String(channel.connectedNodes)} of ${String(otherNodes(channel))} connected`;
  return [channel.label === '' ? '(unknown)' : channel.label, authorization(channel), connected, rolesText(channel), channel.address];
}
