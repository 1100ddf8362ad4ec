import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';

import { contextOf, type CallContext } from '../call-context.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { contentBytes } from './content-bytes.js';

/** Logs one event a call when it ends: method, code, reason of a failure, duration, bytes of content. Neither content nor tokens. */
export function logRequests(log: StructuredLog): ServerInterceptor {
  return ({ path }, call) => {
    const request = new LoggedRequest(log, path);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata: Metadata, nextMetadata) => {
            request.context = contextOf({ metadata });
            nextMetadata(metadata);
          },
          onReceiveMessage: (message: unknown, nextMessage) => {
            request.receivedBytes += contentBytes(message);
            nextMessage(message);
          },
          onCancel: () => {
            request.end(request.context?.sentCode ?? status.CANCELLED);
          },
        });
      },
      sendMessage: (message: unknown, next) => {
        request.sentBytes += contentBytes(message);
        next(message);
      },
      sendStatus: (callStatus, next) => {
        request.end(callStatus.code);
        next(callStatus);
      },
    });
  };
}

class LoggedRequest {
  context: CallContext | undefined;
  receivedBytes = 0;
  sentBytes = 0;
  private readonly startedAtMs = performance.now();
  private isOver = false;

  constructor(
    private readonly log: StructuredLog,
    private readonly method: string,
  ) {}

  end(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    const { method, receivedBytes, sentBytes } = this;
    const durationMs = Math.round((performance.now() - this.startedAtMs) * 10) / 10;
    const { failureReason: reason, fault: err } = this.context ?? {};
    const event = { method, code: status[code], durationMs, receivedBytes, sentBytes, ...(reason && { reason }) };
    if (err === undefined) this.log.info(event, 'call');
    else this.log.error({ ...event, err }, 'call failed unexpectedly');
  }
}
