import { varintSize, writeVarint } from './varint.js';

/**
 * Bytes that an encoder may need in front of a field's value. A caller that leaves so many unused bytes before the value, in the same ArrayBuffer, and says so
 * with `headroomBytes`, spares the encoder a copy.
 */
export const fieldHeadroomBytes = 6;

const lengthDelimited = 2;

/**
 * The protobuf encoding of one `bytes` field (field number 1 to 15) that is a message's only field. Copies `value` only if it has less than
 * {@link fieldHeadroomBytes} of headroom; otherwise writes the field's tag and length into the headroom and returns a view.
 */
export function encodeBytesField(fieldNumber: number, value: Uint8Array, headroomBytes = 0): Buffer {
  const prefixBytes = 1 + varintSize(value.byteLength);
  const message =
    headroomBytes >= prefixBytes
      ? Buffer.from(value.buffer, value.byteOffset - prefixBytes, prefixBytes + value.byteLength)
      : Buffer.allocUnsafe(prefixBytes + value.byteLength);
  if (headroomBytes < prefixBytes) message.set(value, prefixBytes);
  message[0] = (fieldNumber << 3) | lengthDelimited;
  writeVarint(message, 1, value.byteLength);
  return message;
}

/**
 * The value of the `bytes` field of this number, as a view, if the message is nothing but this field in its usual encoding. Undefined for every other message,
 * valid or not: the generated codec reads those.
 */
export function decodeSingleBytesField(fieldNumber: number, message: Buffer): Buffer | undefined {
  if (message[0] !== ((fieldNumber << 3) | lengthDelimited)) return undefined;
  let length = 0;
  for (let position = 1; position <= 4; position++) {
    const byte = message[position];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * (position - 1));
    if (byte < 0x80) return position + 1 + length === message.byteLength ? message.subarray(position + 1) : undefined;
  }
  return undefined;
}
