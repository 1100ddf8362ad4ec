import { once } from 'node:events';
import { connect, createServer, type Server, type Socket, type AddressInfo } from 'node:net';
import { type Duplex } from 'node:stream';

import { throwIfCancelled } from '../../core/cancellation.js';
import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { type AddressBook } from '../addresses/address-book.js';
import { canonicalHost } from '../addresses/canonical-host.js';
import { formatNetworkAddress, parseNetworkAddress } from '../addresses/network-address.js';
import { type LinkKind } from '../link-facts.js';
import { type RequestOptions } from '../peer.js';
import { type Carrier, type Destination, type IncomingStream } from './carrier.js';
import { listeningAddressesOf } from './listening-addresses-of.js';
import { lookUpElsewhere, onlyLocalCode } from './look-up-elsewhere.js';
import { unreachable } from './unreachable.js';

/** Where direct connections are taken. */
export interface TcpListening {
  /** Host name or IP address to listen on, `::` or `0.0.0.0` for all of this machine's. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Whether another free port does as well if this one is in use. */
  readonly orAnyPort: boolean;
}

const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (the connection was refused)',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  EHOSTUNREACH: 'no way leads there from this machine',
  ENETUNREACH: 'no way leads there from this machine',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it hung up at once',
  [onlyLocalCode]: 'this name, which another node told, leads to this machine itself',
};

const withoutIPv6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

/** Direct TCP connections: the fastest way where one of two nodes can be reached. */
export class TcpCarrier implements Carrier {
  readonly kind: LinkKind = 'direct';
  private server: Server | undefined;
  private listeningBegun: Promise<void> = Promise.resolve();
  private readonly taken = new Set<Socket>();
  private isClosed = false;

  /** @param listening Undefined not to take connections. */
  constructor(
    private readonly addresses: AddressBook,
    private readonly listening: TcpListening | undefined,
  ) {}

  takes(address: string): boolean {
    return parseNetworkAddress(address) !== undefined;
  }

  destinationsOf(nodeId: NodeId): readonly Destination[] {
    return this.addresses.addressesOf(nodeId).map((address) => ({ address, nodeId }));
  }

  async dial({ address }: Destination, { signal }: RequestOptions): Promise<Duplex> {
    throwIfCancelled(signal);
    const parsed = parseNetworkAddress(address);
    if (!parsed) throw unreachable(address, 'this is not of the form host:port or [IPv6 address]:port');
    // What the owner or a channel names may be on this machine; a name that another node told must not lead to what listens here.
    const socket = connect({ ...parsed, noDelay: true, ...(!this.addresses.seedAt(address) && { lookup: lookUpElsewhere }) });
    const stop = (): void => {
      socket.destroy(new KacheryError('cancelled', 'The attempt to connect was given up.', {}, { cause: signal?.reason }));
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      return socket;
    } catch (error) {
      socket.destroy();
      if (error instanceof KacheryError) throw error;
      throw unreachable(address, problems[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error), { cause: error });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async listen(onStream: (incoming: IncomingStream) => void): Promise<void> {
    if (!this.listening || this.server || this.isClosed) return;
    const server = createServer({ noDelay: true }, (socket) => {
      this.taken.add(socket);
      socket.once('close', () => this.taken.delete(socket));
      const incoming = incomingStream(socket);
      if (incoming) onStream(incoming);
    });
    this.server = server;
    const begun = this.begin(server, this.listening);
    this.listeningBegun = begun.catch(() => undefined);
    await begun;
  }

  listeningAddresses(): readonly string[] {
    const address = this.server?.listening ? (this.server.address() as AddressInfo) : undefined;
    return address ? listeningAddressesOf(address.address, address.port) : [];
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.listeningBegun;
    const { server } = this;
    if (!server?.listening) return;
    await new Promise((resolve) => server.close(resolve));
  }

  release(): Promise<void> {
    for (const socket of this.taken) socket.destroy();
    return Promise.resolve();
  }

  private async begin(server: Server, { host, port, orAnyPort }: TcpListening): Promise<void> {
    try {
      await startListening(server, host, port).catch((error: unknown) => {
        if (!orAnyPort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        return startListening(server, host, 0);
      });
      // An error of one connection that could not be accepted concerns nobody else.
      server.on('error', () => undefined);
    } catch (error) {
      this.server = undefined;
      const where = `${host}, port ${String(port)}`;
      throw new KacheryError(
        'invalid-argument',
        `Other nodes cannot be listened for on ${where}: ${String(error)}. Choose another port or host.`,
        { field: 'peer-port' },
        { cause: error },
      );
    }
  }
}

/** A machine without IPv6 cannot listen on `::`. */
async function startListening(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (host !== '::' || !withoutIPv6.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await startListening(server, '0.0.0.0', port);
  }
}

/** Undefined if the other end has gone already. */
function incomingStream(stream: Socket): IncomingStream | undefined {
  stream.on('error', () => undefined);
  const { remoteAddress, remotePort } = stream;
  if (remoteAddress === undefined || remotePort === undefined) {
    stream.destroy();
    return undefined;
  }
  return {
    stream,
    remoteAddress: formatNetworkAddress({ host: remoteAddress, port: remotePort }),
    source: sourceOf(canonicalHost(remoteAddress) ?? remoteAddress),
  };
}

/** Who has one address of IPv6 has all that begin with the same 64 bits. */
function sourceOf(host: string): string {
  if (!host.includes(':')) return host;
  const [head = '', tail] = host.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')].slice(0, 4).join(':');
}
