import { isIPv6 } from 'node:net';

import { canonicalHost } from './canonical-host.js';

/** Where a node takes TCP connections. */
export interface NetworkAddress {
  /** Host name or IP address, without brackets, in its canonical form. */
  readonly host: string;
  readonly port: number;
}

const maxHostCharacters = 253;
const pattern = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([\w.-]+)):(\d{1,5})$/;

/** What `host:port` or `[IPv6 address]:port` says; undefined if the text is neither. */
export function parseNetworkAddress(text: string): NetworkAddress | undefined {
  const [, bracketed, plain = '', digits] = pattern.exec(text.length > maxHostCharacters + 8 ? '' : text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535) || plain.length > maxHostCharacters || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  const host = canonicalHost(bracketed ?? plain);
  return host === undefined ? undefined : { host, port };
}

/** The address as text, an IPv6 address in brackets. An IPv4 address that a system tells in the way of IPv6 is written as IPv4. */
export function formatNetworkAddress({ host, port }: NetworkAddress): string {
  const plain = canonicalHost(host) ?? host;
  return isIPv6(plain) ? `[${plain}]:${String(port)}` : `${plain}:${String(port)}`;
}
