import { constants } from 'node:crypto';
import { type Duplex } from 'node:stream';
import { connect, createSecureContext, createServer, type SecureContext, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';

import { throwIfCancelled } from '../../core/cancellation.js';
import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { type RequestOptions } from '../peer.js';
import { type NodeIdentity } from '../node-identity.js';
import { handshakeProblem } from './handshake-problem.js';
import { linkProtocols, type LinkProtocol } from './link-protocol.js';
import { makeNodeCertificate } from './node-certificate.js';
import { checkedSecureStream, discard, type SecureStream } from './secure-stream.js';
import { unreachable } from './unreachable.js';

/** Whom a dialer expects, and where. */
export interface ExpectedNode {
  /** Where the stream leads, for messages. */
  readonly address: string;
  /** Undefined to learn who is there. */
  readonly nodeId: NodeId | undefined;
  readonly protocol: LinkProtocol;
}

/** Servers of TLS that are kept for the next handshakes: making one costs as much as a handshake. */
const maxIdleServers = 4;

/** A 128-bit cipher is the fastest, and as good as the keys. */
const ciphers = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/**
 * Makes a stream of bytes between two nodes a secure one: TLS 1.3, in which each proves that it has the private key of its node id. No certificate authority is
 * asked, and no session is ever resumed. A stream that fails is destroyed.
 */
export class SecureHandshakes {
  private readonly options: SecureContextOptions;
  private readonly dialerContext: SecureContext;
  private readonly idleServers: Server[] = [];

  /** @param limits.handshakeMs How long a handshake may take. */
  constructor(
    { privateKey }: NodeIdentity,
    private readonly limits: { readonly handshakeMs: number },
  ) {
    this.options = {
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      cert: makeNodeCertificate(privateKey),
      minVersion: 'TLSv1.3',
      sigalgs: 'ed25519',
      secureOptions: constants.SSL_OP_NO_TICKET,
      ciphers,
    };
    this.dialerContext = createSecureContext(this.options);
  }

  /**
   * Secures a stream that this node has made. Fails with `node-unreachable` if the other end is no node, another one than is expected, or too slow; with
   * `cancelled` if the signal says so.
   */
  async asDialer(stream: Duplex, expected: ExpectedNode, { signal }: RequestOptions = {}): Promise<SecureStream> {
    refuseIfCancelled(stream, signal);
    const socket = connect({
      socket: stream,
      secureContext: this.dialerContext,
      ALPNProtocols: [expected.protocol],
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const secured = new Promise<SecureStream>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => {
        reject(new Error('it hung up'));
      });
      socket.once('secureConnect', () => {
        settle(socket, resolve, reject);
      });
    });
    const secure = await this.within(secured, socket, stream, { signal, where: expected.address });
    if (expected.nodeId === undefined || secure.nodeId === expected.nodeId) return secure;
    discard(socket, stream);
    throw unreachable(expected.address, `another node answers there: ${secure.nodeId}, not ${expected.nodeId}`, { details: { node: secure.nodeId } });
  }

  /** Secures a stream that somebody else has made, who may be anybody; `where` says from where. Fails as `asDialer`. */
  async asAcceptor(stream: Duplex, where: string, { signal }: RequestOptions = {}): Promise<SecureStream> {
    refuseIfCancelled(stream, signal);
    const server = this.idleServers.pop() ?? this.makeServer();
    const secured = new Promise<SecureStream>((resolve, reject) => {
      server.once('tlsClientError', reject);
      server.once('secureConnection', (socket) => {
        settle(socket, resolve, reject);
      });
    });
    const heard = secured.finally(() => {
      server.removeAllListeners('tlsClientError').removeAllListeners('secureConnection');
      if (this.idleServers.length < maxIdleServers) this.idleServers.push(server);
    });
    server.emit('connection', stream);
    return this.within(heard, stream, stream, { signal, where });
  }

  /** One server takes one handshake at a time, so that it is known whose its events are. It never listens. */
  private makeServer(): Server {
    return createServer({ ...this.options, requestCert: true, rejectUnauthorized: false, ALPNProtocols: Object.values(linkProtocols) });
  }

  private async within(
    secured: Promise<SecureStream>,
    socket: Duplex,
    stream: Duplex,
    { signal, where }: { readonly signal: AbortSignal | undefined; readonly where: string },
  ): Promise<SecureStream> {
    let stop: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => {
        reject(new KacheryError('cancelled', 'The handshake was given up by its caller.', {}, { cause: signal?.reason }));
      };
      signal?.addEventListener('abort', stop, { once: true });
      const seconds = String(this.limits.handshakeMs / 1000);
      timer = setTimeout(() => {
        reject(unreachable(where, `it did not end the handshake of TLS in ${seconds} s; what answers there may be no kachery-p2p node`));
      }, this.limits.handshakeMs);
    });
    try {
      return await Promise.race([secured, stopped]);
    } catch (error) {
      discard(socket, stream);
      // What comes of a handshake that was given up, nobody will hear.
      secured.catch(() => undefined);
      throw error instanceof KacheryError ? error : unreachable(where, handshakeProblem(error), { cause: error });
    } finally {
      clearTimeout(timer);
      if (stop) signal?.removeEventListener('abort', stop);
    }
  }
}

function refuseIfCancelled(stream: Duplex, signal: AbortSignal | undefined): void {
  if (signal?.aborted) discard(stream, stream);
  throwIfCancelled(signal);
}

/** Whoever uses the socket from now on hears that it closes; an error, too, ends in that. */
function settle(socket: TLSSocket, resolve: (secure: SecureStream) => void, reject: (error: unknown) => void): void {
  socket.on('error', () => undefined);
  try {
    resolve(checkedSecureStream(socket));
  } catch (error) {
    socket.destroy();
    reject(error);
  }
}
