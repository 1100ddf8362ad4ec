import { isIPv6 } from 'node:net';

/**
 * The one way to write a host that can be written in several: an IP address as its system understands it (`127.1`, `0x7f.1` and `::ffff:7f00:1` are `127.0.0.1`),
 * a name in lower case without the dot at its end. The name of an interface behind an IPv6 address is left out. Undefined for what cannot be a host.
 *
 * @see https://url.spec.whatwg.org/#host-parsing
 */
export function canonicalHost(host: string): string | undefined {
  const withoutZone = host.split('%', 1)[0] ?? host;
  const bracketed = isIPv6(withoutZone) ? `[${withoutZone}]` : withoutZone;
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(bracketed) || !URL.canParse(`http://${bracketed}`)) return undefined;
  const canonical = new URL(`http://${bracketed}`).hostname;
  return canonical.startsWith('[') ? unmapped(canonical.slice(1, -1)) : canonical.replace(/\.$/, '') || undefined;
}

/** An IPv4 address that is written in the way of IPv6 as IPv4. */
function unmapped(ipv6: string): string {
  const [, high = '', low = ''] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(ipv6) ?? [];
  if (low === '') return ipv6;
  const bytes = [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
  return bytes.join('.');
}
