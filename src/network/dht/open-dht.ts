import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { type default as DHT, type DhtOptions } from 'hyperdht';

import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NetworkAddress, parseNetworkAddress } from '../addresses/network-address.js';

/** How this node takes part in the DHT. */
export interface DhtConfig {
  /** `host:port` of nodes of the DHT that are always there; `public` for those of the public one. */
  readonly bootstrap: readonly string[] | 'public';
  /** UDP port that is tried first, before the four after it and any free one; 0 for that of the library, 49737. */
  readonly port: number;
  /** `host:port`, with an IPv4 address, where others reach this node when it is itself a bootstrap node. */
  readonly bootstrapAddress?: string | undefined;
  /** IPv4 address to bind to; all of this machine's without one. */
  readonly host?: string | undefined;
  /** False if others can reach this node without further ado, as on loopback. To be found out unless given. */
  readonly isFirewalled?: boolean | undefined;
}

/** The module, and a node of the DHT that has begun to take part in it. */
export interface OpenDht {
  readonly library: typeof DHT;
  readonly dht: DHT;
  /** Ends the node, and what was opened with it. May be called again. */
  readonly close: () => Promise<void>;
}

/** How often something is sent over an idle stream, so that routers keep the hole open. */
const keepAliveMs = 20_000;

/**
 * Takes part in the DHT; the caller closes it. A bootstrap node takes the three ports behind its own, too. The library is loaded only here, since it has native parts. Fails with `not-supported` if they cannot be
 * loaded on this machine, and with `invalid-argument` for a bootstrap address that is none or whose ports cannot be had.
 */
export async function openDht({ bootstrap, port, bootstrapAddress, host, isFirewalled }: DhtConfig): Promise<OpenDht> {
  const library = await loadLibrary();
  // Without a list, the library would take its own.
  const nodes = bootstrap === 'public' ? [...library.BOOTSTRAP] : [...bootstrap];
  const options = {
    ...{ bootstrap: nodes, connectionKeepAlive: keepAliveMs },
    ...(host !== undefined && { host }),
    ...(isFirewalled !== undefined && { firewalled: isFirewalled }),
  };
  if (bootstrapAddress === undefined) return opened(library, new library({ ...options, port }));
  const address = parseNetworkAddress(bootstrapAddress);
  if (!address) throw new KacheryError('invalid-argument', `${bootstrapAddress} is not of the form host:port.`, { field: 'dht-serve' });
  return openEntrance(library, address, options);
}

async function openEntrance(library: typeof DHT, { host, port }: NetworkAddress, options: Partial<DhtOptions>): Promise<OpenDht> {
  // The library would keep half of what it could not open.
  for (let index = 0; index < limits.dhtEntrancePorts; index += 1) await checkPortIsFree(port + index, options.host);
  const entrance = library.bootstrapper(port, host, options);
  const others = Array.from({ length: limits.dhtEntrancePorts - 1 }, (_, index) =>
    library.bootstrapper(port + 1 + index, host, { ...options, bootstrap: [{ host, port }] }),
  );
  return opened(library, entrance, others);
}

async function checkPortIsFree(port: number, host: string | undefined): Promise<void> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, exclusive: true, ...(host !== undefined && { address: host }) });
    await once(socket, 'listening');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new KacheryError(
      'invalid-argument',
      `An entrance to the DHT takes ${String(limits.dhtEntrancePorts)} UDP ports, its own and those behind it, and ${String(port)} cannot be had: ${problem}. Choose others with --dht-serve.`,
      { field: 'dht-serve' },
      { cause: error },
    );
  } finally {
    socket.close();
  }
  await once(socket, 'close');
}

function opened(library: typeof DHT, dht: DHT, others: readonly DHT[] = []): OpenDht {
  const close = async (): Promise<void> => {
    await Promise.all([dht, ...others].map((each) => each.destroy({ force: true })));
  };
  return { library, dht, close };
}

async function loadLibrary(): Promise<typeof DHT> {
  try {
    return (await import('hyperdht')).default;
  } catch (error) {
    throw new KacheryError(
      'not-supported',
      `The DHT cannot be used on this machine, since the native parts of the package hyperdht cannot be loaded (${String(error)}). It needs Linux with glibc 2.33 or later, macOS or Windows.`,
      {},
      { cause: error },
    );
  }
}
