import { isKacheryError, KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { encodeJson } from './encode-json.js';
import { type MessageEncoding } from './feeds.js';

/** Messages as they are appended. Fails with `invalid-argument`, saying which one cannot be told in the encoding, and with `too-large`. */
export function encodeMessages(messages: readonly unknown[], encoding: MessageEncoding = 'json'): Buffer[] {
  if (!Array.isArray(messages)) throw invalid(`The messages to append are ${kindOf(messages)}. Give an array of them, also for one.`);
  // Array.from gives the holes of an array, too, which map leaves out.
  const encoded = Array.from(messages, encoding === 'bytes' ? bytesOf : jsonOf);
  const sizeBytes = encoded.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (encoded.length > limits.maxAppendMessages || sizeBytes > limits.maxAppendBytes) throw tooLarge(encoded.length, sizeBytes);
  return encoded;
}

function jsonOf(message: unknown, index: number): Buffer {
  try {
    return Buffer.from(encodeJson(message), 'latin1');
  } catch (error) {
    throw isKacheryError(error) ? invalid(`Message ${String(index)}: ${error.message}`, error) : error;
  }
}

function bytesOf(message: unknown, index: number): Buffer {
  if (!(message instanceof Uint8Array)) throw invalid(`Message ${String(index)} is ${kindOf(message)}. With encoding: 'bytes' each is a Uint8Array.`);
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

function tooLarge(count: number, sizeBytes: number): KacheryError {
  const bounds = `${String(limits.maxAppendMessages)} messages and ${String(limits.maxAppendBytes)} bytes`;
  return new KacheryError(
    'too-large',
    `${String(count)} messages of ${String(sizeBytes)} bytes together are too many for one append: at most ${bounds}. Append them in several.`,
    { messages: String(count), bytes: String(sizeBytes) },
  );
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`;
}

function invalid(problem: string, cause?: unknown): KacheryError {
  return new KacheryError('invalid-argument', problem, { field: 'messages' }, { cause });
}
