import { generateKeyPairSync } from 'node:crypto';
import { type AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';

import { makeNodeCertificate } from '../../src/network/link/node-certificate.js';
import { pieceBytes } from '../limits/stream-shape.js';
import { writeBytes } from '../limits/write-bytes.js';

/**
 * A bare TLS 1.3 server, the limit that a load from another node is measured against: sends as many bytes out of memory as the first line of a connection
 * says. Prints {"port"} when it listens and ends when its standard input does.
 */
const { privateKey } = generateKeyPairSync('ed25519');
const identity = { key: privateKey.export({ format: 'pem', type: 'pkcs8' }), cert: makeNodeCertificate(privateKey) };
const piece = Buffer.alloc(pieceBytes, 7);

const server = createServer({ ...identity, minVersion: 'TLSv1.3' }, (socket: TLSSocket) => {
  socket.on('error', () => undefined);
  socket.once('data', (line: Buffer) => {
    writeBytes(socket, piece, Number(line.toString()));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.stdin.on('end', () => process.exit(0)).resume();
