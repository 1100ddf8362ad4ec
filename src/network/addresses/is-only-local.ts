import { BlockList, isIP } from 'node:net';

import { canonicalHost } from './canonical-host.js';
import { isLoopback } from './is-loopback.js';

/** Addresses that lead to another machine on each machine, or nowhere: 0.0.0.0/8, those of one cable, and the forms of IPv4 in IPv6 that nobody uses. */
const elsewhere = new BlockList();
elsewhere.addSubnet('0.0.0.0', 8, 'ipv4');
elsewhere.addSubnet('169.254.0.0', 16, 'ipv4');
elsewhere.addSubnet('::', 96, 'ipv6');
elsewhere.addSubnet('fe80::', 10, 'ipv6');

/**
 * True for a host that leads back to the machine that uses it, or nowhere, however it is written: nobody can use it who heard of it from another machine. What a
 * name leads to is not looked up.
 */
export function isOnlyLocal(host: string): boolean {
  const canonical = canonicalHost(host) ?? host;
  const family = isIP(canonical);
  return isLoopback(canonical) || (family !== 0 && elsewhere.check(canonical, family === 6 ? 'ipv6' : 'ipv4'));
}
