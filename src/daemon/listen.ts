import { isIPv6 } from 'node:net';

import { isKacheryError, KacheryError } from '../core/failure.js';
import { type RpcServer } from '../rpc/rpc-server.js';

/** Text that is in the errors of grpc-js, which have no codes. */
const inUse = 'EADDRINUSE';
const notAvailable = /EADDRNOTAVAIL|EAFNOSUPPORT|ENOTSUP/;

const attemptsForFreePort = 5;

/** What listens. */
export type Listener = Pick<RpcServer, 'listen' | 'unlisten'>;

/**
 * Listens on all addresses on one port, and resolves with it; 0 picks one that is free on all of them. A second address that this machine does not have is left
 * out. Fails with `already-running` if the port is in use, with `invalid-argument` if it cannot be used.
 */
export async function listen(server: Listener, addresses: readonly string[], wantedPort: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(server, addresses, wantedPort);
    } catch (error) {
      if (wantedPort !== 0 || attempt === attemptsForFreePort || !isKacheryError(error, 'already-running')) throw error;
    }
  }
}

async function listenOnce(server: Listener, addresses: readonly string[], wantedPort: number): Promise<number> {
  let port = wantedPort;
  const bound: string[] = [];
  for (const [index, address] of addresses.entries()) {
    try {
      port = await server.listen(joined(address, port));
      bound.push(joined(address, port));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (index > 0 && notAvailable.test(text)) continue;
      for (const earlier of bound) server.unlisten(earlier);
      throw text.includes(inUse) ? portInUse(address, port, error) : cannotListen(address, port, error);
    }
  }
  return port;
}

function joined(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}

function portInUse(address: string, port: number, cause: unknown): KacheryError {
  return new KacheryError(
    'already-running',
    `Port ${String(port)} of ${address} is in use, probably by another daemon. Use that one, stop it with "kachery-p2p stop-daemon", or choose another port ` +
      'with --port or KACHERY_P2P_API_PORT.',
    { address: `${address}:${String(port)}` },
    { cause },
  );
}

function cannotListen(address: string, port: number, cause: unknown): KacheryError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new KacheryError(
    'invalid-argument',
    `The daemon cannot listen on ${address}, port ${String(port)}: ${text}. Choose an address of this machine with --host and a port over 1023 with --port.`,
    { field: text.includes('EACCES') ? 'port' : 'host' },
    { cause },
  );
}
