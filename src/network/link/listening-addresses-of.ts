import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

import { limits } from '../../core/limits.js';
import { isOnlyLocal } from '../addresses/is-only-local.js';
import { formatNetworkAddress } from '../addresses/network-address.js';

const everyHost = ['::', '0.0.0.0'];

/** Under which addresses, as `host:port`, others may reach what listens on `host`; of all of this machine's those that lead to it from elsewhere, IPv4 first. */
export function listeningAddressesOf(host: string, port: number): readonly string[] {
  if (!everyHost.includes(host)) return [formatNetworkAddress({ host, port })];
  const hosts = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !isOnlyLocal(address))
    .map(({ address }) => address)
    .filter((address) => host === '::' || !isIPv6(address));
  const ipv4First = hosts.sort((one, other) => Number(isIPv6(one)) - Number(isIPv6(other)));
  return ipv4First.slice(0, limits.maxNodeAddresses).map((address) => formatNetworkAddress({ host: address, port }));
}
