import {
  type CallOptions,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  InterceptingCall,
  type Interceptor,
  status,
} from '@grpc/grpc-js';
import { type TLSSocket } from 'node:tls';

import { PeerServiceClient } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { throwIfCancelled } from '../../core/cancellation.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type RequestOptions } from '../peer.js';
import { CallSilence } from './call-silence.js';
import { type NodeName, nodeName, peerFailure, silentPeer } from './peer-failure.js';
import { StreamCredentials } from './stream-credentials.js';

/** One RPC, as the generated service definitions describe it. */
export interface PeerMethod<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** How one call is made. */
export interface PeerCallOptions extends RequestOptions {
  /** How long the other end may be silent; limits.peerIdleMs if left out, Infinity for ever. */
  readonly silentMs?: number | undefined;
}

/** Longer than any connection lasts: grpc-js would close one that has had no call for half an hour. */
const neverIdleMs = 2 ** 31 - 1;

const channelOptions: ClientOptions = {
  'grpc.default_authority': 'kachery-p2p',
  'grpc-node.flow_control_window': limits.linkWindowBytes,
  'grpc.max_receive_message_length': limits.maxMessageBytes,
  'grpc.max_send_message_length': limits.maxMessageBytes,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.client_idle_timeout_ms': neverIdleMs,
};

/**
 * The gRPC client over one connection to another node. When the connection has ended, it is closed for good; it never connects by itself. Calls fail with what
 * the node says, `node-unreachable` or `cancelled`.
 */
export class PeerChannel {
  /** The generated client, for calls that have to be made in another way than by this class. */
  readonly client: PeerServiceClient;
  private callsUnderWay = 0;

  /**
   * @param socket What the calls go over; it is destroyed with the channel.
   * @param anteroom Address of an Anteroom.
   * @param node Who is at the other end, for messages.
   */
  constructor(
    private readonly socket: TLSSocket,
    anteroom: string,
    private readonly node: () => NodeName,
  ) {
    this.client = new PeerServiceClient(anteroom, new StreamCredentials(socket), { ...channelOptions, interceptors: [this.countCalls] });
    socket.once('close', () => {
      this.client.close();
    });
  }

  /** Calls that are under way. */
  get openCalls(): number {
    return this.callsUnderWay;
  }

  /** Resolves when the other end has answered as a server of gRPC. Fails with `node-unreachable` if it has not in so many milliseconds. */
  async ready(withinMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => {
        reject(new KacheryError('node-unreachable', `${nodeName(this.node())}: it closed the connection before the first call`, { node: this.node().nodeId }));
      };
      if (this.socket.destroyed) fail();
      this.socket.once('close', fail);
      this.client.waitForReady(Date.now() + withinMs, (error) => {
        this.socket.off('close', fail);
        if (error) reject(silentPeer(this.node(), withinMs));
        else resolve();
      });
    });
  }

  /** Makes a call with one request and one answer. */
  async unary<Request, Response>(method: PeerMethod<Request, Response>, request: Request, options: PeerCallOptions = {}): Promise<Response> {
    const { signal, silentMs = limits.peerIdleMs } = options;
    throwIfCancelled(signal);
    let cancel: (() => void) | undefined;
    const callOptions: CallOptions = Number.isFinite(silentMs) ? { deadline: Date.now() + silentMs } : {};
    try {
      return await new Promise<Response>((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = method;
        const call = this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, callOptions, (error, response) => {
          if (response === undefined) reject(error ?? new Error('the call ended without an answer'));
          else resolve(response);
        });
        cancel = () => {
          call.cancel();
        };
        signal?.addEventListener('abort', cancel, { once: true });
      });
    } catch (error) {
      const isTooLate = !signal?.aborted && error instanceof Error && 'code' in error && error.code === status.DEADLINE_EXCEEDED;
      throw isTooLate ? silentPeer(this.node(), silentMs, error) : peerFailure(error, this.node(), signal);
    } finally {
      if (cancel) signal?.removeEventListener('abort', cancel);
    }
  }

  /** The answers of a call with one request. They wait until they are asked for; leaving the loop ends the call. */
  async *receive<Request, Response>(
    method: PeerMethod<Request, Response>,
    request: Request,
    options: PeerCallOptions = {},
  ): AsyncGenerator<Response, void, undefined> {
    const { signal, silentMs = limits.peerIdleMs } = options;
    throwIfCancelled(signal);
    const call = this.begin(method, request, signal);
    // A call reports its end also when nobody waits for its next message.
    call.on('error', () => undefined);
    const silence = new CallSilence(call, signal, silentMs);
    const messages = call[Symbol.asyncIterator]() as AsyncIterator<Response, void, undefined>;
    try {
      for (;;) {
        const next = await silence.watch(() => messages.next());
        if (next.done) return;
        yield next.value;
      }
    } catch (error) {
      throw silence.isTooLong ? silentPeer(this.node(), silentMs) : peerFailure(error, this.node(), signal);
    } finally {
      silence.release();
      call.cancel();
      call.destroy();
    }
  }

  /** A call in which messages go both ways; the caller cancels it. Fails with `node-unreachable` if the connection has ended. */
  duplex<Request, Response>({ path, requestSerialize, responseDeserialize }: PeerMethod<Request, Response>): ClientDuplexStream<Request, Response> {
    try {
      return this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    } catch (error) {
      throw peerFailure(error, this.node(), undefined);
    }
  }

  /** Ends the connection and what is under way on it, which fails with `node-unreachable`. May be called again. */
  close(): void {
    this.client.close();
    this.socket.destroy();
  }

  /** A channel that was closed throws at once. */
  private begin<Request, Response>(method: PeerMethod<Request, Response>, request: Request, signal: AbortSignal | undefined): ClientReadableStream<Response> {
    try {
      return this.client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request);
    } catch (error) {
      throw peerFailure(error, this.node(), signal);
    }
  }

  private readonly countCalls: Interceptor = (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        this.callsUnderWay++;
        next(metadata, {
          onReceiveStatus: (callStatus, nextStatus) => {
            this.callsUnderWay--;
            nextStatus(callStatus);
          },
        });
      },
    });
}
