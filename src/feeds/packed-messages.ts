/** Field 1, length-delimited. */
const fieldTag = 0x0a;
/** Of a size of 32 bits. */
const maxVarintBytes = 5;

/**
 * Messages one behind the other, each as byte 0x0a, its size as a varint, and its bytes. This is what protobuf makes of a `repeated bytes` field with the number
 * 1, so that stored messages go to clients as they are.
 */
export function packMessages(messages: readonly Uint8Array[]): Buffer {
  let sizeBytes = 0;
  for (const { byteLength } of messages) sizeBytes += packedSize(byteLength);
  const packed = Buffer.allocUnsafe(sizeBytes);
  let offset = 0;
  for (const message of messages) {
    packed[offset++] = fieldTag;
    let rest = message.byteLength;
    for (; rest >= 0x80; rest >>>= 7) packed[offset++] = (rest & 0x7f) | 0x80;
    packed[offset++] = rest;
    packed.set(message, offset);
    offset += message.byteLength;
  }
  return packed;
}

/** Bytes of a message of this size when it is packed. */
export function packedSize(messageBytes: number): number {
  let size = 2 + messageBytes;
  for (let rest = messageBytes; rest >= 0x80; rest >>>= 7) size++;
  return size;
}

/**
 * How many messages are packed from the beginning of some bytes on, and where they end: at the first byte that does not belong to one, or that `packMessages` would
 * not have written so. For bytes that come from others; everything else here relies on what was packed here, or measured so.
 */
export function measurePacked(bytes: Uint8Array, maxMessageBytes: number): { count: number; end: number } {
  let [count, end] = [0, 0];
  while (bytes[end] === fieldTag) {
    const next = endOfMessage(bytes, end, maxMessageBytes);
    if (next === undefined) break;
    end = next;
    count++;
  }
  return { count, end };
}

function endOfMessage(bytes: Uint8Array, offset: number, maxMessageBytes: number): number | undefined {
  let size = 0;
  for (let index = 0; index < maxVarintBytes; index++) {
    const byte = bytes[offset + 1 + index];
    if (byte === undefined) return undefined;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    const isShortest = byte > 0 || index === 0;
    const end = offset + 2 + index + size;
    return isShortest && size <= maxMessageBytes && end <= bytes.byteLength ? end : undefined;
  }
  return undefined;
}

/** The messages, as views. */
export function* unpackMessages(packed: Buffer): Generator<Buffer, void, undefined> {
  for (let offset = 0; offset < packed.byteLength;) {
    const { start, end } = messageAt(packed, offset);
    yield packed.subarray(start, end);
    offset = end;
  }
}

/** Where the first `count` messages end. */
export function offsetBehind(packed: Buffer, count: number): number {
  let offset = 0;
  for (let passed = 0; passed < count; passed++) offset = messageAt(packed, offset).end;
  return offset;
}

/** Where the message whose packing begins at an offset has its bytes. */
export function messageAt(packed: Buffer, offset: number): { start: number; end: number } {
  let start = offset + 1;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = packed[start++] ?? 0;
    size += (byte & 0x7f) << shift;
    if (byte < 0x80) return { start, end: start + size };
  }
}
