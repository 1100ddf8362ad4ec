import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

import { contextOf } from '../call-context.js';

/** Fails with the reason why a call may not be made. `method` is its path. */
export type AdmissionCheck = (method: string, metadata: Metadata) => void;

/** Lets a call reach its handler if no check fails; otherwise ends it with the failure before anything of its content is read. */
export function admitCalls(checks: readonly AdmissionCheck[]): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            try {
              for (const check of checks) check(path, metadata);
            } catch (error) {
              call.sendStatus(contextOf({ metadata }).statusOf(error));
              return;
            }
            nextMetadata(metadata);
          },
        });
      },
    });
}
