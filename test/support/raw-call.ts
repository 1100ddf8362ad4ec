import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

import type { ExecutionContext } from 'ava';

/** A message as gRPC frames it. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.byteLength);
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, 5);
  return frame;
}

/** An HTTP/2 connection without any gRPC library, so that a test decides about every byte; ended with the test. */
export function connectRaw(t: ExecutionContext, address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  session.on('error', () => undefined);
  t.teardown(() => {
    session.destroy();
  });
  return session;
}

/** Starts a call on a raw connection. Nothing is sent but its head, nothing is read. */
export function startRawCall(session: ClientHttp2Session, path: string, token: string): ClientHttp2Stream {
  const head = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', authorization: `Bearer ${token}` };
  const stream = session.request(head);
  stream.on('error', () => undefined);
  return stream;
}
