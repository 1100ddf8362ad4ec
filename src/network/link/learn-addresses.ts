import { type NodeId } from '../../core/node-id.js';
import { type AddressBook } from '../addresses/address-book.js';
import { isLoopback } from '../addresses/is-loopback.js';
import { isOnlyLocal } from '../addresses/is-only-local.js';
import { formatNetworkAddress, parseNetworkAddress } from '../addresses/network-address.js';
import { type NodeAddressOrigin } from '../addresses/node-addresses.js';

/** What a node told, and where it told that from. */
export interface ToldAddresses {
  /** As `host:port`. */
  readonly addresses: readonly string[];
  /** Who says so. */
  readonly origin: NodeAddressOrigin;
  /** Address of the connection that they came over; undefined if it is not a direct one. */
  readonly remoteAddress: string | undefined;
}

/**
 * Notes where a node says that it, or another one, is reached. Addresses that lead nowhere but to the machine of who told them are left out if that is another
 * machine. A node that tells its own ports is reached, too, under the address that it came from, if its router sends them on: so also one behind an address
 * that it does not know itself.
 */
export function learnAddresses(book: AddressBook, nodeId: NodeId, { addresses, origin, remoteAddress }: ToldAddresses): void {
  const observed = remoteAddress === undefined ? undefined : parseNetworkAddress(remoteAddress)?.host;
  const isSameMachine = observed !== undefined && isLoopback(observed);
  const told = addresses.map(parseNetworkAddress).filter((address) => address !== undefined);
  const reachable = told.filter(({ host }) => isSameMachine || !isOnlyLocal(host));
  const guessed = origin === 'greeting' && observed !== undefined ? told.map(({ port }) => ({ host: observed, port })) : [];
  book.learn(nodeId, [...new Set([...reachable, ...guessed].map(formatNetworkAddress))], origin);
}
