import { once } from 'node:events';

import { type CallOptions, Client, type ClientOptions, connectivityState, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';

import { throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { CallGuard } from './call-guard.js';
import { clientClosed } from './client-closed.js';
import { rpcFailure, silence } from './rpc-failure.js';
import { type RpcMethod } from './rpc-method.js';
import { writeAll } from './write-all.js';

/** How long a call with one answer may take, where nothing else is said. */
const unaryTimeoutMs = 30_000;

/** How one call is made. */
export interface RpcOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the caller proves himself with; none for calls that need none. */
  readonly token?: string | undefined;
  /** The only connection that may carry the token, as {@link RpcConnection.connectionNumber} counts; any, if none is said. */
  readonly connectionNumber?: number | undefined;
  /** How long the call may take (unary, 30 s), or wait for the other side (streams, 5 min); Infinity for no bound. */
  readonly timeoutMs?: number | undefined;
  /** Hears that the other side has taken up a call with many answers: what happens there from now on, it will tell. */
  readonly onTakenUp?: (() => void) | undefined;
}

const channelOptions: ClientOptions = {
  'grpc-node.flow_control_window': limits.flowControlWindowBytes,
  'grpc.max_receive_message_length': limits.maxMessageBytes,
  'grpc.max_send_message_length': limits.maxMessageBytes,
  // What may be done again is done again by the client itself; the channel would keep copies of what is sent.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // A proxy for the web knows nothing of this machine's or laboratory's daemon.
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/**
 * A connection to one daemon, made when it is first needed and again when it broke. Calls fail with a KacheryError: the daemon's reason,
 * `daemon-not-running`, `daemon-stopping`, `cancelled` or `deadline-exceeded`.
 */
export class RpcConnection {
  private client: Client;
  private readonly calls = new Set<{ cancel(): void }>();
  private isClosed = false;
  private endedConnections = 0;
  private subscriptions = 0;

  /** `address` is `host:port`. */
  constructor(readonly address: string) {
    this.client = this.newClient();
  }

  /** Which connection this is, or the next one if there is none: another number, another connection, which may lead to another program. */
  get connectionNumber(): number {
    return this.endedConnections;
  }

  /** Makes a call with one request and one answer. */
  unary<Request, Response>(method: RpcMethod<Request, Response>, request: Request, options: RpcOptions = {}): Promise<Response> {
    const { signal, timeoutMs = unaryTimeoutMs } = options;
    return new Promise((resolve, reject) => {
      this.checkUsable(signal);
      const { path, requestSerialize, responseDeserialize } = method;
      const callOptions = { ...this.callOptions(options), ...(Number.isFinite(timeoutMs) && { deadline: Date.now() + timeoutMs }) };
      const settle = (error: ServiceError | null, response?: Response): void => {
        this.calls.delete(call);
        signal?.removeEventListener('abort', cancel);
        if (response === undefined) reject(this.failureOf(error, signal));
        else resolve(response);
      };
      const call = this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, callOptions, settle);
      this.calls.add(call);
      const cancel = (): void => {
        call.cancel();
      };
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /**
   * The answers of a call with one request. They wait until they are asked for; leaving the loop ends the call. Fails with `invalid-argument` if as many calls
   * without a time limit are open as may be.
   */
  async *receive<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: RpcOptions = {},
  ): AsyncGenerator<Response, void, undefined> {
    this.checkUsable(options.signal);
    const isSubscription = options.timeoutMs === Infinity;
    if (isSubscription && this.subscriptions >= limits.maxSubscriptions) throw tooManySubscriptions();
    const { path, requestSerialize, responseDeserialize } = method;
    const call = this.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, this.callOptions(options));
    this.calls.add(call);
    // A call reports its end also when nobody waits for its next message.
    call.on('error', () => undefined);
    if (options.onTakenUp) call.once('metadata', options.onTakenUp);
    if (isSubscription) this.subscriptions += 1;
    const guard = new CallGuard(call, options.signal, options.timeoutMs);
    const messages = call[Symbol.asyncIterator]() as AsyncIterator<Response, void, undefined>;
    try {
      for (;;) {
        guard.waiting = true;
        guard.restart();
        const next = await messages.next();
        guard.waiting = false;
        if (next.done) return;
        yield next.value;
      }
    } catch (error) {
      this.calls.delete(call);
      throw guard.timedOut ? silence(this.address) : this.failureOf(error, options.signal);
    } finally {
      if (isSubscription) this.subscriptions -= 1;
      guard.release();
      this.calls.delete(call);
      call.cancel();
      call.destroy();
    }
  }

  /**
   * Makes a call with many requests and one answer. The answer may come before all requests are sent; then the rest is not asked for.
   * What `requests` fails with is passed on as it is.
   */
  async send<Request, Response>(method: RpcMethod<Request, Response>, requests: AsyncIterable<Request>, options: RpcOptions = {}): Promise<Response> {
    this.checkUsable(options.signal);
    const { path, requestSerialize, responseDeserialize } = method;
    const ended = new AbortController();
    let outcome: { readonly error: ServiceError | null; readonly response?: Response | undefined } | undefined;
    const settle = (error: ServiceError | null, response?: Response): void => {
      outcome = { error, response };
      ended.abort();
    };
    const call = this.client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, this.callOptions(options), settle);
    this.calls.add(call);
    call.on('error', () => undefined);
    const guard = new CallGuard(call, options.signal, options.timeoutMs);
    try {
      await writeAll(call, requests, guard, ended.signal);
      if (!ended.signal.aborted) await once(ended.signal, 'abort');
    } finally {
      guard.release();
      this.calls.delete(call);
      call.cancel();
    }
    if (outcome?.response !== undefined) return outcome.response;
    throw guard.timedOut ? silence(this.address) : this.failureOf(outcome?.error, options.signal);
  }

  /** Ends the connection and what is under way on it, which fails with `cancelled`. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const call of this.calls) call.cancel();
    this.client.close();
  }

  private checkUsable(signal: AbortSignal | undefined): void {
    throwIfCancelled(signal);
    if (this.isClosed) throw clientClosed();
  }

  private failureOf(error: unknown, signal: AbortSignal | undefined): KacheryError {
    if (this.isClosed) return new KacheryError('cancelled', 'The client was closed while the operation was under way.', {}, { cause: error });
    const failure = rpcFailure(error, this.address, signal);
    if (failure.reason === 'daemon-not-running' && this.calls.size === 0) this.startAnew();
    return failure;
  }

  /** A channel that could not connect waits before it tries again; whoever asks next wants to know how it is now. */
  private startAnew(): void {
    this.client.close();
    this.client = this.newClient();
  }

  private newClient(): Client {
    const client = new Client(this.address, credentials.createInsecure(), channelOptions);
    this.countConnections(client);
    return client;
  }

  /** The channel tells of each change at once, before it sends anything over the connection that follows. */
  private countConnections(client: Client): void {
    const channel = client.getChannel();
    const state = channel.getConnectivityState(false);
    channel.watchConnectivityState(state, Infinity, () => {
      if (state === connectivityState.READY) this.endedConnections += 1;
      if (channel.getConnectivityState(false) !== connectivityState.SHUTDOWN) this.countConnections(client);
    });
  }

  /** The channel asks for the token whenever it has chosen a connection for the call, so that also a call that waited or was moved gives it to none but the one. */
  private callOptions({ token, connectionNumber }: RpcOptions): CallOptions {
    if (token === undefined) return {};
    return {
      credentials: credentials.createFromMetadataGenerator((_call, answer) => {
        if (connectionNumber === undefined || connectionNumber === this.connectionNumber) answer(null, authorization(token));
        else answer(connectionEnded());
      }),
    };
  }
}

function authorization(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function tooManySubscriptions(): KacheryError {
  const limit = String(limits.maxSubscriptions);
  return new KacheryError(
    'invalid-argument',
    `This client has ${limit} calls open that follow something, as many as it may. End some of them, or follow many subfeeds in one call with feeds.watch.`,
    { field: 'client', limit },
  );
}

function connectionEnded(): Error {
  return Object.assign(new Error('the connection that the token is for has ended'), { code: status.CANCELLED });
}
