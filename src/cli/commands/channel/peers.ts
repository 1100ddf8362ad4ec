import { type Peer } from '../../../client/channels.js';
import { alignedRows } from '../../aligned-rows.js';
import { type CommandContext } from '../../command-context.js';
import { formatBytes, formatDuration } from '../../format-quantity.js';
import { withClient } from '../../with-client.js';

const shortIdLength = 8;
/** Clocks that differ by less are no problem worth telling. */
const noticeableMs = 60_000;

/** Tells the other nodes of the joined channels, connected ones first. */
export async function peersCommand(context: CommandContext): Promise<void> {
  const { output, signal } = context;
  await withClient(context, async (client) => {
    const peers = await client.channels.peers({ signal });
    const lines = alignedRows(peers.map(cells));
    for (const [index, peer] of peers.entries()) await output.result(peer, lines[index] ?? '');
    if (peers.length === 0) output.note('No other node is known. "kachery-p2p get-channels" tells which channels are joined, and what is to be done.');
  });
}

function cells(peer: Peer): string[] {
  const { label, nodeId, isConnected, link, roundTripMs } = peer;
  return [
    label === '' ? '(no name)' : label,
    nodeId.slice(0, shortIdLength),
    isConnected ? (link ?? 'connected') : 'not connected',
    isConnected && roundTripMs !== undefined ? `${roundTripMs < 10 ? roundTripMs.toFixed(1) : roundTripMs.toFixed(0)} ms` : '',
    isConnected ? `in ${formatBytes(peer.receivedBytesPerSecond)}/s, out ${formatBytes(peer.sentBytesPerSecond)}/s` : '',
    problemOf(peer),
  ];
}

function problemOf({ lastError, clockOffsetMs = 0 }: Peer): string {
  const clock =
    Math.abs(clockOffsetMs) < noticeableMs ? '' : `its clock is ${formatDuration(Math.abs(clockOffsetMs))} ${clockOffsetMs > 0 ? 'ahead' : 'behind'}`;
  return [lastError, clock].filter((text) => text !== '').join('; ');
}
