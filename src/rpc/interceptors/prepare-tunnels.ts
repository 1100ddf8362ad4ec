import { type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';
import { type Http2Session } from 'node:http2';

import { limits } from '../../core/limits.js';
import { limitMessages } from '../../network/link/limit-messages.js';
import { tunnelDefinition } from '../../rpc/codec/tunnel-definition.js';
import { serverStreamOfCall } from './server-stream-of-call.js';

/** Room for the fields of a message beside its data. */
const maxFieldsBytes = 1024;
/** With HTTP/2's default of 16 KiB, bytes come in four times as many pieces. */
const maxFrameSize = 64 * 1024;

const paths: ReadonlySet<string> = new Set(Object.values(tunnelDefinition).map(({ path }) => path));
const widened = new WeakSet<Http2Session>();

/**
 * Bounds the messages of tunnels, and widens the flow-control windows of connections that carry one: with HTTP/2's default of 64 KiB, a caller sends no more
 * than that in a round trip. It has to see calls as the server got them, so it comes before interceptors that put another one in their place.
 */
export const prepareTunnels = ((method: Parameters<ServerInterceptor>[0], call: ServerInterceptingCallInterface): ServerInterceptingCallInterface => {
  if (!paths.has(method.path)) return call;
  limitMessages(call, limits.maxTunnelMessageBytes + maxFieldsBytes);
  const session = serverStreamOfCall(call)?.session;
  if (session && 'setLocalWindowSize' in session && !widened.has(session)) {
    widened.add(session);
    session.setLocalWindowSize(limits.tunnelWindowBytes);
    session.settings({ initialWindowSize: limits.tunnelWindowBytes, maxFrameSize });
  }
  return call;
  // grpc-js declares a class where it needs no more than its interface.
}) as ServerInterceptor;
