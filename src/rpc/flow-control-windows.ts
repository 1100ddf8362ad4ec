import { type Server } from '@grpc/grpc-js';
import { type Http2Server, type ServerHttp2Session, type Settings } from 'node:http2';

import { type StructuredLog } from '../core/structured-log.js';

/** Node reads 64 KiB from a socket at a time; with HTTP/2's default of 16 KiB an upload comes in four times as many pieces. */
const maxFrameSize = 256 * 1024;

/**
 * Widens the flow-control windows that a server gives its clients; with HTTP/2's default of 64 KiB an upload moves no more than that in a round trip. grpc-js
 * 1.14 has an option for it in clients only, so this reaches into private fields of the server. Where they are not as expected, it logs a warning and leaves
 * the windows as they are: slow, but right. Call it after the server was made and before it is bound, and call what it returns after each bind.
 */
export function widenServerWindows(server: Server, windowBytes: number, log: StructuredLog): () => void {
  const common: unknown = Reflect.get(server, 'commonServerOptions');
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  if (!hasSettings(common) || !(http2Servers instanceof Map)) {
    log.warn({ windowBytes }, 'this version of grpc-js does not let its flow-control windows be widened; uploads from afar will be slow');
    return () => undefined;
  }
  common.settings = { ...common.settings, initialWindowSize: windowBytes, maxFrameSize };
  const widened = new WeakSet<Http2Server>();
  return () => {
    for (const http2Server of http2Servers.keys() as Iterable<Http2Server>) {
      if (widened.has(http2Server)) continue;
      widened.add(http2Server);
      http2Server.prependListener('session', (session: ServerHttp2Session) => {
        session.setLocalWindowSize(windowBytes);
      });
    }
  };
}

function hasSettings(value: unknown): value is { settings?: Settings } {
  return typeof value === 'object' && value !== null;
}
