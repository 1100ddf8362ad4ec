import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

import { KacheryError } from '../../core/failure.js';

/**
 * A listener on this machine that hangs up on everybody. A channel of grpc-js 1.14 makes a TCP connection by itself before it asks its credentials for the
 * secured one; there is no other way to give it a connection that exists already. It makes that first one to here.
 */
export class Anteroom {
  private constructor(
    private readonly server: Server,
    /** Where it listens, as `host:port`. */
    readonly address: string,
  ) {}

  /** Opens one on a free port of the loopback interface. Fails with `internal` if the system has none. */
  static async open(): Promise<Anteroom> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      throw new KacheryError(
        'internal',
        `No port of 127.0.0.1 can be listened on, which connections to other nodes need: ${String(error)}`,
        {},
        { cause: error },
      );
    }
    server.unref();
    return new Anteroom(server, `127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  }

  /** Closes it; channels that are connected go on. May be called again. */
  close(): void {
    this.server.close();
  }
}
