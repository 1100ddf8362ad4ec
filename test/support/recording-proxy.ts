import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

import type { ExecutionContext } from 'ava';

/** A connection between clients and a server that remembers what clients have sent. The test's end closes it. */
export interface RecordingProxy {
  /** Where clients connect to, at 127.0.0.1. */
  readonly port: number;
  /** What was sent so far, a buffer for each connection. */
  readonly recordings: readonly Buffer[];
}

/** Starts a proxy for the server at `port` of this machine. */
export async function startRecordingProxy(t: ExecutionContext, serverPort: number): Promise<RecordingProxy> {
  const recordings: Buffer[] = [];
  const server = createServer((client) => {
    const index = recordings.push(Buffer.alloc(0)) - 1;
    const upstream = connect(serverPort, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('data', (data: Buffer) => {
      recordings[index] = Buffer.concat([recordings[index] ?? Buffer.alloc(0), data]);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
    t.teardown(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    recordings,
  };
}
