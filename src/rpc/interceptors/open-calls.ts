import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { constants, type ServerHttp2Stream } from 'node:http2';

import { KacheryError } from '../../core/failure.js';
import { type ReadBuffers } from '../../storage/read-buffers.js';
import { bindContext, CallContext } from '../call-context.js';
import { fileServiceDefinition } from '../codec/file-service-definition.js';
import { assembleInPlace } from './assemble-in-place.js';
import { frameInPlace } from './frame-in-place.js';
import { serverStreamOfCall } from './server-stream-of-call.js';

/** The calls that are under way: gives each its context, and ends them when the daemon stops. */
export class OpenCalls {
  private readonly open = new Set<CallContext>();
  private isStopping = false;

  /**
   * @param buffers What large messages are received into.
   * @param options.subscriptions Paths of methods whose calls go on until somebody ends them.
   * @param options.idleMs How long a call that is over may linger because its client does not take the rest.
   */
  constructor(
    private readonly buffers: ReadBuffers,
    private readonly options: { readonly subscriptions: ReadonlySet<string>; readonly idleMs: number },
  ) {}

  /** Has to be the server's first, for it reaches for the stream below. */
  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const stream = serverStreamOfCall(call);
    frameInPlace(call);
    if (path === fileServiceDefinition.storeFile.path) assembleInPlace(call, this.buffers);
    const context = new CallContext(path, {
      sendStatus: (callStatus) => {
        call.sendStatus(callStatus);
      },
      closeStream: () => stream?.close(constants.NGHTTP2_CANCEL),
      sentCode: () => sentCode(stream),
    });
    const onReceiveMetadata = (metadata: Metadata, next: (metadata: Metadata) => void): void => {
      bindContext(metadata, context);
      this.open.add(context);
      next(metadata);
    };
    // Node tells of a reset, too, as of an end of the data: half an upload must not be taken for a whole one. The cancellation follows.
    const onReceiveHalfClose = (next: () => void): void => {
      if (stream?.closed !== true) next();
    };
    // Also said of a call that has its status: then nobody works for it any more.
    const onCancel = (): void => {
      if (this.open.delete(context)) context.abort(new KacheryError('cancelled', 'The caller gave the call up.'));
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({ onReceiveMetadata, onReceiveHalfClose, onCancel });
      },
      sendStatus: (callStatus, next) => {
        this.open.delete(context);
        next(callStatus);
        if (stream) this.closeLater(stream);
      },
    });
  };

  /** Fails with `daemon-stopping` once `stopAccepting` was called. */
  checkAccepting(): void {
    if (this.isStopping) throw daemonStopping();
  }

  /** Ends subscriptions with `daemon-stopping`, and lets no more calls in. */
  stopAccepting(): void {
    this.isStopping = true;
    for (const context of this.open) if (this.options.subscriptions.has(context.method)) context.end(daemonStopping());
  }

  /** Ends every call with an error; with `daemon-stopping` without one. */
  endAll(error = daemonStopping()): void {
    for (const context of this.open) context.end(error);
  }

  /** A client that has its status and neither takes nor ends anything would hold the stream for ever. */
  private closeLater(stream: ServerHttp2Stream): void {
    if (stream.closed) return;
    const timer = setTimeout(() => {
      stream.close(constants.NGHTTP2_NO_ERROR);
    }, this.options.idleMs).unref();
    stream.once('close', () => {
      clearTimeout(timer);
    });
  }
}

function sentCode(stream: ServerHttp2Stream | undefined): number | undefined {
  const code = [stream?.sentTrailers, stream?.sentHeaders].map((headers) => headers?.['grpc-status']).find((value) => value !== undefined);
  return code === undefined ? undefined : Number(code);
}

function daemonStopping(): KacheryError {
  return new KacheryError('daemon-stopping', 'The daemon is stopping. Try again when it runs.');
}
