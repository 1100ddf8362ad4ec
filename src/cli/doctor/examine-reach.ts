import { BlockList, isIP } from 'node:net';

import { type Peer } from '../../client/channels.js';
import { type Finding, healthy, odd } from './finding.js';

const check = 'reachable from outside';
const maxToldAddresses = 4;

/** Addresses that only the machine itself or those of its own network can use. Of IPv4 in IPv6, the IPv4 address counts. */
const nearby = new BlockList();
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  nearby.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  nearby.addSubnet(network, prefix, 'ipv6');

/** Tells whether other nodes can connect to this one, as they have found out; nothing if none is connected. */
export function examineReach(peers: readonly Peer[]): Finding[] {
  const connected = peers.filter(({ isConnected }) => isConnected);
  const reached = connected.flatMap(({ reachedAddresses }) => reachedAddresses);
  const unlucky = connected.filter(({ unreachedAddresses }) => unreachedAddresses.length > 0);
  if (connected.length === 0) return [];
  const unreached = connected.flatMap(({ unreachedAddresses }) => unreachedAddresses);
  if (reached.length > 0 && reached.every(isNearby) && !unreached.every(isNearby)) return [reachedNearbyOnly(reached, unreached.filter(isFarther))];
  if (reached.length > 0) return [healthy(check, `Other nodes can connect to this one at ${listed(reached)}.`)];
  if (unlucky.length === 0) {
    return [
      healthy(check, 'No connected node has tried yet to connect to this one, or it does not listen. What there is to know is known after some minutes.'),
    ];
  }
  return [
    odd(
      check,
      `None of ${String(unlucky.length)} connected nodes that tried could connect to this one, at ${listed(unreached)}: a firewall or a NAT blocks the port.`,
      adviceFor(unreached),
    ),
  ];
}

function reachedNearbyOnly(reached: readonly string[], unreached: readonly string[]): Finding {
  return odd(
    check,
    `Nodes nearby can connect to this one, at ${listed(reached)}, but nodes that tried it from outside could not, at ${listed(unreached)}: a firewall or a NAT ` +
      'blocks the port.',
    adviceFor(unreached),
  );
}

function adviceFor(unreached: readonly string[]): string {
  const ports = [...new Set(unreached.map((address) => address.slice(address.lastIndexOf(':') + 1)))];
  return (
    `Open TCP port ${ports.join(' or ')} in the firewall; behind a router, forward a port to it and tell its address with --peer-address. Otherwise nodes that ` +
    'cannot be reached either need a relay in the channel (join-channel --relay on a node that all reach), or the DHT (--dht-bootstrap) on both.'
  );
}

function isFarther(address: string): boolean {
  return !isNearby(address);
}

/** What a name leads to is not looked up: a name is taken for one that is known everywhere. */
function isNearby(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  const family = isIP(host);
  return family === 0 ? /(^|\.)(localhost|local)$/.test(host) : nearby.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function listed(addresses: readonly string[]): string {
  const different = [...new Set(addresses)];
  const more = different.length > maxToldAddresses ? [`${String(different.length - maxToldAddresses)} more`] : [];
  return [...different.slice(0, maxToldAddresses), ...more].join(', ');
}
