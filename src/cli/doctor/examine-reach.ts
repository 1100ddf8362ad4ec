import { type Peer } from '../../client/channels.js';
import { type Finding, healthy, odd } from './finding.js';

const check = 'reachable from outside';
const maxToldAddresses = 4;

/** Tells whether other nodes can connect to this one, as they have found out; nothing if none is connected. */
export function examineReach(peers: readonly Peer[]): Finding[] {
  const connected = peers.filter(({ isConnected }) => isConnected);
  const reached = connected.flatMap(({ reachedAddresses }) => reachedAddresses);
  const unlucky = connected.filter(({ unreachedAddresses }) => unreachedAddresses.length > 0);
  if (connected.length === 0) return [];
  if (reached.length > 0) return [healthy(check, `Other nodes can connect to this one at ${listed(reached)}.`)];
  if (unlucky.length === 0) {
    return [
      healthy(check, 'No connected node has tried yet to connect to this one, or it does not listen. What there is to know is known after some minutes.'),
    ];
  }
  const tried = unlucky.flatMap(({ unreachedAddresses }) => unreachedAddresses);
  const ports = [...new Set(tried.map((address) => address.slice(address.lastIndexOf(':') + 1)))];
  return [
    odd(
      check,
      `None of ${String(unlucky.length)} connected nodes that tried could connect to this one, at ${listed(tried)}: a firewall or a NAT blocks the port.`,
      `Open TCP port ${ports.join(' or ')} in the firewall; behind a router, forward a port to it and tell its address with --peer-address. Otherwise nodes that ` +
        'cannot be reached either need a relay in the channel (join-channel --relay on a node that all reach), or the DHT (--dht-bootstrap) on both.',
    ),
  ];
}

function listed(addresses: readonly string[]): string {
  const different = [...new Set(addresses)];
  const more = different.length > maxToldAddresses ? [`${String(different.length - maxToldAddresses)} more`] : [];
  return [...different.slice(0, maxToldAddresses), ...more].join(', ');
}
