import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

import { secondsOf } from '../measure.js';
import { serveOperations } from '../processes/serve-operations.js';
import { pieceBytes, windowBytes } from '../limits/stream-shape.js';
import { writeBytes } from '../limits/write-bytes.js';

const piece = Buffer.alloc(pieceBytes, 7);

await serveOperations({
  download: ({ port, sizeBytes }) => timed(Number(port), (session) => download(session, Number(sizeBytes))),
  upload: ({ port, sizeBytes }) => timed(Number(port), (session) => upload(session, Number(sizeBytes))),
});

async function timed(port: number, work: (session: ClientHttp2Session) => Promise<void>): Promise<number> {
  const session = connect(`http://127.0.0.1:${String(port)}`, { settings: { initialWindowSize: windowBytes } });
  await once(session, 'connect');
  session.setLocalWindowSize(windowBytes);
  try {
    return await secondsOf(() => work(session));
  } finally {
    session.close();
  }
}

async function download(session: ClientHttp2Session, sizeBytes: number): Promise<void> {
  const taken = await takenBytes(session.request({ ':path': `/${String(sizeBytes)}` }));
  if (taken !== sizeBytes) throw new Error(`took ${String(taken)} of ${String(sizeBytes)} bytes`);
}

async function upload(session: ClientHttp2Session, sizeBytes: number): Promise<void> {
  const stream = session.request({ ':method': 'POST' });
  writeBytes(stream, piece, sizeBytes);
  if ((await takenBytes(stream)) === 0) throw new Error('the server did not answer');
}

async function takenBytes(stream: ClientHttp2Stream): Promise<number> {
  let taken = 0;
  stream.on('data', (data: Buffer) => (taken += data.length));
  await once(stream, 'end');
  return taken;
}
