import { type Channel, type Peer } from '../../client/channels.js';
import { type KacheryClient } from '../../client/kachery-client.js';
import { isKacheryError } from '../../core/failure.js';
import { formatDuration } from '../format-quantity.js';
import { examineReach } from './examine-reach.js';
import { failed, type Finding, healthy, odd } from './finding.js';

/** A difference of clocks beyond which times of messages mislead. */
const tolerableClockOffsetMs = 30_000;
/** Nodes out of reach that are told one by one. */
const maxToldPeers = 10;

/** Checks whether channels list the node, whether the other nodes can be reached, over what, and whether the clocks agree. */
export async function examineNetwork(client: KacheryClient, signal: AbortSignal): Promise<Finding[]> {
  try {
    const channels = await client.channels.list({ signal });
    if (channels.length === 0) return [healthy('network', 'The node has joined no channel, so it exchanges nothing with others; "join-channel" joins one.')];
    const peers = await client.channels.peers({ signal });
    return [
      ...channels.map(examineChannel),
      examinePeers(peers),
      ...examineReach(peers),
      ...peers.filter(isLost).slice(0, maxToldPeers).map(tellLost),
      ...examineClocks(peers),
    ];
  } catch (error) {
    return isKacheryError(error, 'not-supported') ? [] : [failed('network', error)];
  }
}

function examineChannel({ address, label, isAuthorized, problem, advice, authorizedNodes, connectedNodes }: Channel): Finding {
  const check = `channel ${label === '' ? address : label}`;
  if (!isAuthorized && label !== '') return odd(check, `The channel ${address} does not list this node, so its members give it nothing.`, advice);
  if (problem !== '') return odd(check, `It could not be read the last time: ${problem}`, 'What was read before goes on to count, until it can be read again.');
  return healthy(check, `Lists this node and ${String(authorizedNodes - 1)} others, of which ${String(connectedNodes)} are connected now.`);
}

function examinePeers(peers: readonly Peer[]): Finding {
  const connected = peers.filter(({ isConnected }) => isConnected);
  const over = new Map<string, number>();
  for (const { link } of connected) if (link) over.set(link, (over.get(link) ?? 0) + 1);
  const kinds = [...over].map(([link, count]) => `${String(count)} ${link}`).join(', ');
  if (connected.length > 0) return healthy('other nodes', `${String(connected.length)} of ${String(peers.length)} are connected (${kinds}).`);
  if (peers.length === 0) return healthy('other nodes', 'No channel lists another node together with this one.');
  return odd(
    'other nodes',
    `None of ${String(peers.length)} is connected.`,
    'Of two nodes one has to be reachable: see below why each is not. Open TCP port 20422 (--peer-port) in the firewall of one of them, forward it where a router is in ' +
      'between, and tell others the address with --peer-address.',
  );
}

function isLost({ isConnected, lastError }: Peer): boolean {
  return !isConnected && lastError !== '';
}

function tellLost({ nodeId, label, lastError }: Peer): Finding {
  const name = label === '' ? nodeId.slice(0, 16) : label;
  return odd(`node ${name}`, `It cannot be reached: ${lastError}.`, 'Start its daemon; check that its machine is on, and the addresses in the channel.');
}

/** Where most of the others differ from this machine's clock, it is this one that is wrong. */
function examineClocks(peers: readonly Peer[]): Finding[] {
  const told = peers.filter(({ clockOffsetMs }) => clockOffsetMs !== undefined);
  const off = told.filter(({ clockOffsetMs = 0 }) => Math.abs(clockOffsetMs) > tolerableClockOffsetMs);
  if (told.length === 0) return [];
  if (off.length === 0) return [healthy('clock', 'It agrees with those of the other nodes.')];
  const [first] = off;
  const difference = formatDuration(Math.abs(first?.clockOffsetMs ?? 0));
  if (off.length > told.length / 2) {
    return [odd('clock', `The clock of this machine differs by ${difference} from those of other nodes.`, 'Set it, or let it be set (NTP).')];
  }
  const names = off.map(({ label, nodeId }) => (label === '' ? nodeId.slice(0, 16) : label)).join(', ');
  return [odd('clock', `The clock of ${names} differs by ${difference} from this one.`, 'Tell its owner; times of its messages are wrong by as much.')];
}
