import { type ClientHttp2Session, connect } from 'node:http2';

import { limits } from '../core/limits.js';
import { Http2Call } from './http2-call.js';
import { type RpcMethod } from './rpc-method.js';

const prefixBytes = 5;

/** Megabytes that what comes in may take together; each stream is bound by its flow-control window. */
const maxSessionMemory = 1_000;

/**
 * A connection for calls that bring much data, made when it is first needed and again when it broke. It speaks gRPC by itself: grpc-js keeps the pieces of
 * each message and joins them in the end, and what that costs the garbage collector takes longer than the rest of the work.
 */
export class Http2Connection {
  private session: ClientHttp2Session | undefined;
  private readonly openCalls = new WeakMap<ClientHttp2Session, number>();

  /** `address` is `host:port`. */
  constructor(private readonly address: string) {}

  /** Begins a call with one request. */
  call<Request>(method: Pick<RpcMethod<Request, unknown>, 'path' | 'requestSerialize'>, request: Request, token: string | undefined): Http2Call {
    const session = this.open();
    const stream = session.request({
      ':method': 'POST',
      ':path': method.path,
      te: 'trailers',
      'content-type': 'application/grpc',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    });
    this.count(session, 1);
    stream.once('close', () => {
      this.count(session, -1);
    });
    stream.end(framed(method.requestSerialize(request)));
    return new Http2Call(stream, session);
  }

  /** Ends the connection and the calls on it. */
  close(): void {
    this.session?.destroy();
  }

  private open(): ClientHttp2Session {
    if (this.session && !this.session.closed && !this.session.destroyed) return this.session;
    const settings = { initialWindowSize: limits.flowControlWindowBytes, enablePush: false };
    const session = connect(`http://${this.address}`, { settings, maxSessionMemory });
    session.once('connect', () => {
      session.setLocalWindowSize(limits.flowControlWindowBytes);
    });
    // Each call tells of it.
    session.on('error', () => undefined);
    this.session = session;
    return session;
  }

  /** A program with nothing else to do waits for open calls, not for an idle connection. */
  private count(session: ClientHttp2Session, change: 1 | -1): void {
    const count = (this.openCalls.get(session) ?? 0) + change;
    this.openCalls.set(session, count);
    if (count > 0) session.ref();
    else session.unref();
  }
}

function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(prefixBytes + message.byteLength);
  frame.writeUInt32BE(message.byteLength, 1);
  message.copy(frame, prefixBytes);
  return frame;
}
