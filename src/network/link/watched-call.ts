import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';

/** The call as it is, while `onChange` hears when it begins and, once for each that has begun, when it is over, however it ends. */
export function watched(call: ServerInterceptingCallInterface, onChange: (isUnderWay: boolean) => void): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata: (metadata: Metadata, nextMetadata) => {
          onChange(true);
          nextMetadata(metadata);
        },
        // grpc-js says that a call was cancelled whenever it is over.
        onCancel: () => {
          onChange(false);
        },
      });
    },
  });
}
