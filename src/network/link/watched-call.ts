import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';

/** The call as it is, while `onChange` hears when it begins and, once for each that has begun, when it is over, however it ends. */
export function watched(call: ServerInterceptingCallInterface, onChange: (isUnderWay: boolean) => void): ServerInterceptingCall {
  let isUnderWay = false;
  const become = (value: boolean): void => {
    if (isUnderWay === value) return;
    isUnderWay = value;
    onChange(value);
  };
  return new ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata: (metadata: Metadata, nextMetadata) => {
          become(true);
          nextMetadata(metadata);
        },
        // grpc-js says that a call was cancelled whenever it is over, also one that another interceptor has refused before it began here.
        onCancel: () => {
          become(false);
        },
      });
    },
  });
}
