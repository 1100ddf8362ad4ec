import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { isLoopback } from '../config/api-address.js';
import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';

/**
 * The IP addresses to listen on for a host. `localhost` stands for both of its addresses: on one that was left free, another program could wait for tokens.
 * Fails with `invalid-argument` for a name that is not known, and for an address beyond loopback unless `insecureBind`.
 */
export async function listeningAddresses(host: string, insecureBind: boolean): Promise<string[]> {
  const addresses = host === 'localhost' ? ['127.0.0.1', '::1'] : await resolve(host);
  const reachable = addresses.find((address) => !isLoopback(address));
  if (reachable === undefined || insecureBind) return addresses;
  throw new KacheryError(
    'invalid-argument',
    `Other machines can reach ${reachable}, and the API is not encrypted, so the daemon does not listen there. Leave --host out to listen on this machine ` +
      'only, or add --insecure-bind if the network around it is trusted.',
    { field: 'host' },
  );
}

async function resolve(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new KacheryError('invalid-argument', `The host ${quoted(host)} is not known. Give an address of this machine.`, { field: 'host' }, { cause: error });
  }
}
