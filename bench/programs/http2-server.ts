import { createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo } from 'node:net';

import { pieceBytes, windowBytes } from '../limits/stream-shape.js';
import { writeBytes } from '../limits/write-bytes.js';

/**
 * A bare HTTP/2 server, the limit that a gRPC stream is measured against: GET /<bytes> sends so many bytes out of memory, POST takes what comes and
 * answers with its size. Prints {"port"} when it listens and ends when its standard input does.
 */
const server = createServer({ settings: { initialWindowSize: windowBytes } });
const piece = Buffer.alloc(pieceBytes, 7);

server.on('session', (session) => {
  session.setLocalWindowSize(windowBytes);
});
server.on('stream', (stream: ServerHttp2Stream, headers) => {
  stream.on('error', () => undefined);
  if (headers[':method'] === 'POST') count(stream);
  else send(stream, Number(headers[':path']?.slice(1)));
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.stdin.on('end', () => process.exit(0)).resume();

function send(stream: ServerHttp2Stream, sizeBytes: number): void {
  stream.respond({ ':status': 200 });
  writeBytes(stream, piece, sizeBytes);
}

function count(stream: ServerHttp2Stream): void {
  let takenBytes = 0;
  stream.on('data', (data: Buffer) => (takenBytes += data.length));
  stream.on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end(String(takenBytes));
  });
}
