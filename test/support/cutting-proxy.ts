import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import { type ExecutionContext } from 'ava';

/** A connection between clients and a server that breaks when a test wants. The test's end closes it. */
export interface CuttingProxy {
  /** Where clients connect to, at 127.0.0.1. */
  readonly port: number;
  /** Bytes that went to the server so far, and to clients. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Breaks all connections once so many more bytes have gone by in either direction; resolves when they are broken. */
  cutAfter(bytes: number): Promise<void>;
  /** Lets nothing more through to clients; resolves when the server has sent something. */
  holdAnswers(): Promise<void>;
}

/** Starts a proxy for the server at `port` of this machine. */
export async function startCuttingProxy(t: ExecutionContext, serverPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const counts = { sentBytes: 0, receivedBytes: 0 };
  let leftBytes = Infinity;
  let whenCut: (() => void) | undefined;
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const pass = (from: Socket, to: Socket, direction: keyof typeof counts): void => {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('data', (data) => {
      counts[direction] += data.length;
      leftBytes -= data.length;
      if (leftBytes > 0) return;
      leftBytes = Infinity;
      closeAll();
      whenCut?.();
    });
    from.pipe(to);
  };
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    upstreams.add(upstream);
    pass(client, upstream, 'sentBytes');
    pass(upstream, client, 'receivedBytes');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    closeAll();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get sentBytes() {
      return counts.sentBytes;
    },
    get receivedBytes() {
      return counts.receivedBytes;
    },
    cutAfter: (bytes) =>
      new Promise((resolve) => {
        leftBytes = bytes;
        whenCut = resolve;
      }),
    holdAnswers: () =>
      new Promise((resolve) => {
        for (const upstream of upstreams) {
          upstream.unpipe();
          upstream.once('data', () => {
            resolve();
          });
          upstream.resume();
        }
      }),
  };
}
