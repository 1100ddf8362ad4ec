import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';

import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { MessageAssembler } from './message-assembler.js';

/** Messages that wait for the consumer before the stream is held back. */
const maxWaiting = 2;

/** The receiving side of one call over HTTP/2. */
export class Http2Call {
  private readonly assembler = new MessageAssembler(limits.maxMessageBytes);
  private readonly messages: Buffer[] = [];
  private wake: (() => void) | undefined;
  private trailers: IncomingHttpHeaders | undefined;
  private httpStatus: number | undefined;
  private failure: unknown;
  private isClosed = false;

  constructor(
    private readonly stream: ClientHttp2Stream,
    private readonly session: ClientHttp2Session,
  ) {
    stream.on('response', (headers) => {
      this.httpStatus = headers[':status'];
      if ('grpc-status' in headers) this.trailers = headers;
    });
    stream.on('trailers', (headers) => {
      this.trailers = headers;
    });
    stream.on('data', (bytes: Buffer) => {
      this.take(bytes);
    });
    stream.on('error', (error) => {
      this.failure ??= error;
    });
    stream.on('close', () => {
      this.isClosed = true;
      this.wake?.();
    });
  }

  /** The next message, or undefined behind the last. Fails with a KacheryError, or with the ServiceError that the call ended with. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const message = this.messages.shift();
      if (message) return message;
      if (this.isClosed) {
        this.checkEnd();
        return undefined;
      }
      this.stream.resume();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Ends the call; what it still brings is thrown away. */
  cancel(): void {
    this.messages.length = 0;
    this.stream.close(constants.NGHTTP2_CANCEL);
    this.stream.resume();
  }

  private take(bytes: Buffer): void {
    if (this.failure !== undefined) return;
    try {
      this.messages.push(...this.assembler.take(bytes));
    } catch (error) {
      this.failure = error;
      this.cancel();
    }
    if (this.messages.length >= maxWaiting) this.stream.pause();
    if (this.messages.length > 0) this.wake?.();
  }

  private checkEnd(): void {
    const code = Number(this.trailers?.['grpc-status']);
    if (this.trailers && code === Number(status.OK) && this.assembler.isBetweenMessages) return;
    throw this.trailers && code !== Number(status.OK) ? serviceErrorOf(this.trailers) : this.brokenCall();
  }

  /** Why a call ended that has no status of the daemon's. */
  private brokenCall(): unknown {
    if (this.failure instanceof KacheryError) return this.failure;
    if (this.session.destroyed) return serviceError(status.UNAVAILABLE, causeOf(this.failure) ?? 'the connection was closed');
    if (this.httpStatus !== undefined && this.httpStatus !== Number(constants.HTTP_STATUS_OK)) {
      return serviceError(status.UNAVAILABLE, `it answered with the HTTP status ${String(this.httpStatus)}`);
    }
    if (this.stream.rstCode === constants.NGHTTP2_CANCEL) return serviceError(status.CANCELLED, 'the call was cancelled');
    return serviceError(status.INTERNAL, causeOf(this.failure) ?? `the call ended without a status (HTTP/2 code ${String(this.stream.rstCode)})`);
  }
}

/** What broke a stream; where the connection broke, it stands behind the error of the stream. */
function causeOf(failure: unknown): string | undefined {
  if (!(failure instanceof Error)) return undefined;
  return failure.cause instanceof Error ? failure.cause.message : failure.message;
}

function serviceErrorOf(trailers: IncomingHttpHeaders): ServiceError {
  const metadata = Metadata.fromHttp2Headers(trailers);
  return serviceError(Number(trailers['grpc-status']), decoded(String(metadata.get('grpc-message')[0] ?? '')), metadata);
}

function serviceError(code: status, details: string, metadata = new Metadata()): ServiceError {
  return Object.assign(new Error(`${String(code)} ${details}`), { code, details, metadata });
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
