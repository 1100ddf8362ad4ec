import { networkInterfaces } from 'node:os';

import { isOnlyLocal } from '../addresses/is-only-local.js';
import { parseNetworkAddress } from '../addresses/network-address.js';
import { type LanInterface } from './lan-interface.js';

/**
 * The networks of this machine on which nodes may be looked for, those of IPv4 without loopback. `listeningAddresses`, as `host:port`: where this node takes
 * connections; only networks with such an address count. Undefined if it takes none anywhere.
 */
export function lanInterfaces(listeningAddresses: readonly string[] | undefined): readonly LanInterface[] {
  const listening = listeningAddresses?.map((address) => parseNetworkAddress(address));
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own
    .filter(({ family, internal, address, cidr }) => family === 'IPv4' && !internal && !isOnlyLocal(address) && cidr !== null)
    .map(({ address, cidr }) => ({ address, network: cidr ?? '', port: listening?.find((each) => each?.host === address)?.port }))
    .filter(({ port }) => listening === undefined || port !== undefined);
}
