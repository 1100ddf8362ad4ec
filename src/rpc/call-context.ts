import { type Metadata } from '@grpc/grpc-js';

import { type FailureReason, KacheryError } from '../core/failure.js';
import { type CallStatus, toStatus } from './codec/status-details.js';

/** What can be done to a call from outside its handler, and seen of it. */
export interface CallControl {
  sendStatus(status: CallStatus): void;
  closeStream(): void;
  /** Code of the status that went out, whoever sent it; undefined before. */
  sentCode(): number | undefined;
}

/** What happens around one call, for its handler and for those who watch over calls. */
export class CallContext {
  /** Why the call failed, once it has. */
  failureReason: FailureReason | undefined;
  /** The error behind a failure that nobody foresaw; its text is for the log only. */
  fault: unknown;
  private readonly controller = new AbortController();

  /** @param method Path of the method, `/<service>/<method>`. */
  constructor(
    readonly method: string,
    private readonly control: CallControl,
  ) {}

  /** Aborted, with a KacheryError as its reason, when nobody waits for the call's result any more. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Tells the handler to give up for this reason. */
  abort(reason: KacheryError): void {
    this.controller.abort(reason);
  }

  /** The status to end the call with after `error`. An error that follows from an abort is told as the abort's reason. */
  statusOf(error: unknown): CallStatus {
    const failure: unknown = this.signal.aborted ? this.signal.reason : error;
    this.failureReason = failure instanceof KacheryError ? failure.reason : 'internal';
    if (this.failureReason === 'internal') this.fault = failure;
    return toStatus(failure);
  }

  /** Ends the call with the status of `error`, whatever its handler does. */
  end(error: KacheryError): void {
    this.control.sendStatus(this.statusOf(error));
    this.abort(error);
  }

  /** Code of the status that went out, also of one that grpc-js sent by itself; undefined before. */
  get sentCode(): number | undefined {
    return this.control.sentCode();
  }

  /** Resets the call's stream, for a client that takes nothing, so that no status would reach it. */
  closeStream(error: KacheryError): void {
    this.failureReason = error.reason;
    this.abort(error);
    this.control.closeStream();
  }
}

const contexts = new WeakMap<Metadata, CallContext>();

/** Makes `context` the one of the call that came with `metadata`. */
export function bindContext(metadata: Metadata, context: CallContext): void {
  contexts.set(metadata, context);
}

/** The context of a call of a server whose interceptors include that of OpenCalls. */
export function contextOf(call: { readonly metadata: Metadata }): CallContext {
  const context = contexts.get(call.metadata);
  if (!context) throw new KacheryError('internal', 'A call has no context: the server lacks the interceptor of OpenCalls.');
  return context;
}
