import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import { type ExecutionContext } from 'ava';

/** Listens until the test ends, and does nothing but this with each connection. Resolves with the address, as `host:port`. */
export async function startBareServer(t: ExecutionContext, take: (socket: Socket) => unknown): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    take(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, 'listening');
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
