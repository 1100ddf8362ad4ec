import { isIP, isIPv6 } from 'node:net';

/** Where a node takes TCP connections. */
export interface NetworkAddress {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const maxHostCharacters = 253;
const pattern = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([\w.-]+)):(\d{1,5})$/;

/** What `host:port` or `[IPv6 address]:port` says; undefined if the text is neither. */
export function parseNetworkAddress(text: string): NetworkAddress | undefined {
  const [, bracketed, plain, digits] = pattern.exec(text.length > maxHostCharacters + 8 ? '' : text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed.toLowerCase(), port } : undefined;
  return plain !== undefined && plain.length <= maxHostCharacters ? { host: plain.toLowerCase(), port } : undefined;
}

/** The address as text, an IPv6 address in brackets. An IPv4 address that a system tells in the way of IPv6 is written as IPv4. */
export function formatNetworkAddress({ host, port }: NetworkAddress): string {
  const plain = unmapped(host);
  return isIPv6(plain) ? `[${plain}]:${String(port)}` : `${plain}:${String(port)}`;
}

/** `::ffff:192.0.2.1` as `192.0.2.1`; every other host as it is, but without the name of an interface behind it. */
export function unmapped(host: string): string {
  const withoutZone = host.split('%', 1)[0] ?? host;
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(withoutZone)?.[1] ?? withoutZone;
}

/** True for an IP address that leads back to the machine that uses it, or nowhere: nobody can use it who heard of it from another machine. */
export function isOnlyLocal(host: string): boolean {
  const plain = unmapped(host);
  if (plain === 'localhost' || plain === '::' || plain === '::1') return true;
  return isIP(plain) === 4 ? /^(0|127)\./.test(plain) || plain.startsWith('169.254.') : /^fe[89ab][0-9a-f]:/i.test(plain);
}
