import { BlockList, isIP } from 'node:net';

import { canonicalHost } from './canonical-host.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True for a host that is the machine which uses it, however it is written. What a name other than `localhost` leads to is not looked up. */
export function isLoopback(host: string): boolean {
  const canonical = canonicalHost(host) ?? host;
  const family = isIP(canonical);
  return family === 0 ? /(^|\.)localhost$/.test(canonical) : loopback.check(canonical, family === 6 ? 'ipv6' : 'ipv4');
}
