import { type ClientReadableStream, type Client, type ServiceError, status } from '@grpc/grpc-js';

import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { failureFromServiceError } from '../rpc/codec/failure-from-service-error.js';
import { statusDetailsKey } from '../rpc/codec/status-details.js';

/** One RPC, as the generated service definitions describe it; whoever wants the bytes of an answer gives a deserializer of his own. */
export interface PeerMethod<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** How one call is made. */
export interface PeerCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the node may be silent while this one waits for it; limits.peerIdleMs, if it is left out. */
  readonly idleMs?: number | undefined;
}

/** Calls of another node over a connection that somebody else makes and closes. Fails with the node's reason, with `node-unreachable` and with `cancelled`. */
export class PeerCalls {
  /** `name` is what people know the node by. */
  constructor(
    private readonly client: Client,
    private readonly name: string,
  ) {}

  /** Makes a call with one request and one answer. */
  unary<Request, Response>(
    { path, requestSerialize, responseDeserialize }: PeerMethod<Request, Response>,
    request: Request,
    { signal, idleMs = limits.peerIdleMs }: PeerCallOptions = {},
  ): Promise<Response> {
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    return new Promise((resolve, reject) => {
      const settle = (error: ServiceError | null, response?: Response): void => {
        signal?.removeEventListener('abort', cancel);
        if (response === undefined) reject(this.failureOf(error, signal));
        else resolve(response);
      };
      const options = { deadline: Date.now() + idleMs };
      const call = this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, settle);
      const cancel = (): void => {
        call.cancel();
      };
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** The answers of a call with one request, each when it is asked for; leaving the loop ends the call. With `idleMs: Infinity` silence is no failure. */
  async *receive<Request, Response>(
    { path, requestSerialize, responseDeserialize }: PeerMethod<Request, Response>,
    request: Request,
    { signal, idleMs = limits.peerIdleMs }: PeerCallOptions = {},
  ): AsyncGenerator<Response, void, undefined> {
    if (signal?.aborted) throw cancelled(signal);
    const call = this.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
    // A call reports its end also when nobody waits for its next message.
    call.on('error', () => undefined);
    const cancel = (): void => {
      call.cancel();
    };
    signal?.addEventListener('abort', cancel, { once: true });
    const silence = new SilenceGuard(call, idleMs);
    const messages = call[Symbol.asyncIterator]() as AsyncIterator<Response, void, undefined>;
    try {
      for (;;) {
        const next = await silence.during(() => messages.next());
        if (next.done) return;
        yield next.value;
      }
    } catch (error) {
      throw silence.wasTooLong ? this.unreachable('it is silent', error) : this.failureOf(error, signal);
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
      call.destroy();
    }
  }

  private failureOf(error: unknown, signal: AbortSignal | undefined): KacheryError {
    if (signal?.aborted) return cancelled(signal);
    if (!isServiceError(error) || isFromNode(error)) return failureFromServiceError(error);
    // What no node has said comes from the connection, but for a method or a message that this node cannot deal with.
    if (error.code === status.UNIMPLEMENTED || error.code === status.RESOURCE_EXHAUSTED) return failureFromServiceError(error);
    return this.unreachable(error.details.replace(/\.$/, ''), error);
  }

  private unreachable(problem: string, cause: unknown): KacheryError {
    return new KacheryError(
      'node-unreachable',
      `The node ${this.name} did not answer (${problem}). Try again when it is connected.`,
      { node: this.name },
      { cause },
    );
  }
}

/** Cancels a call when its other side was silent for too long while this one waited. */
class SilenceGuard {
  wasTooLong = false;

  constructor(
    private readonly call: ClientReadableStream<unknown>,
    private readonly idleMs: number,
  ) {}

  async during<Result>(wait: () => Promise<Result>): Promise<Result> {
    if (!Number.isFinite(this.idleMs)) return wait();
    const timer = setTimeout(() => {
      this.wasTooLong = true;
      this.call.cancel();
    }, this.idleMs).unref();
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }
}

function cancelled(signal: AbortSignal): KacheryError {
  return new KacheryError('cancelled', 'The operation was cancelled by its caller.', {}, { cause: signal.reason });
}

function isFromNode(error: ServiceError): boolean {
  return error.metadata.get(statusDetailsKey).length > 0;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
