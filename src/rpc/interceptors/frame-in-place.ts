import { type ServerInterceptingCallInterface } from '@grpc/grpc-js';

/** Bytes of the frame in front of each message of gRPC: whether it is compressed, and its size. */
export const frameHeadroomBytes = 5;

interface FramingCall {
  handler: { serialize: (message: unknown) => Buffer };
  serializeMessage: (message: unknown) => Buffer;
}

/**
 * Lets a call frame messages without copying them, if they say with `headroomBytes` that there is room before them. grpc-js 1.14 copies every message for its
 * frame, in a private method that this replaces; another version that has it elsewhere goes on copying.
 */
export function frameInPlace(call: ServerInterceptingCallInterface): void {
  const framing: unknown = call;
  if (!isFramingCall(framing)) return;
  const copying = framing.serializeMessage.bind(framing);
  framing.serializeMessage = (message) => (hasHeadroom(message) ? frame(framing.handler.serialize(message), message) : copying(message));
}

/** Frames a message whose data starts behind `headroomBytes` of unused bytes, some of which serialising it has filled. */
function frame(serialized: Buffer, { data, headroomBytes }: MessageWithHeadroom): Buffer {
  const usedBytes = serialized.byteLength - data.byteLength;
  const isInPlace = serialized.buffer === data.buffer && headroomBytes - usedBytes >= frameHeadroomBytes;
  const framed = isInPlace
    ? Buffer.from(serialized.buffer, serialized.byteOffset - frameHeadroomBytes, frameHeadroomBytes + serialized.byteLength)
    : Buffer.concat([Buffer.alloc(frameHeadroomBytes), serialized]);
  framed[0] = 0;
  framed.writeUInt32BE(serialized.byteLength, 1);
  return framed;
}

interface MessageWithHeadroom {
  readonly data: Uint8Array;
  readonly headroomBytes: number;
}

function hasHeadroom(message: unknown): message is MessageWithHeadroom {
  return typeof message === 'object' && message !== null && 'headroomBytes' in message && 'data' in message && message.data instanceof Uint8Array;
}

function isFramingCall(call: unknown): call is FramingCall {
  if (typeof call !== 'object' || call === null || !('serializeMessage' in call) || !('handler' in call)) return false;
  const { serializeMessage, handler } = call;
  return typeof serializeMessage === 'function' && typeof handler === 'object' && handler !== null && 'serialize' in handler;
}
