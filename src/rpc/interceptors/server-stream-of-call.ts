import { type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { type ServerHttp2Stream } from 'node:http2';

/**
 * The HTTP/2 stream under a call, as the first interceptor gets it. It is a private field of grpc-js 1.14, needed because grpc-js has no way to reset a stream
 * whose client takes nothing; undefined if another version of grpc-js has it elsewhere.
 */
export function serverStreamOfCall(call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined {
  const stream: unknown = Reflect.get(call, 'stream');
  return isHttp2Stream(stream) ? stream : undefined;
}

function isHttp2Stream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'close' in value && 'sentHeaders' in value && 'once' in value;
}
