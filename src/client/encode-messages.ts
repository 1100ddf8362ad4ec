import { isKacheryError, KacheryError } from '../core/failure.js';
import { encodeJson } from './encode-json.js';
import { type MessageEncoding } from './feeds.js';

/** Messages as they are appended. Fails with `invalid-argument`, saying which one cannot be told in the encoding. */
export function encodeMessages(messages: readonly unknown[], encoding: MessageEncoding = 'json'): Buffer[] {
  if (!Array.isArray(messages)) throw invalid(`The messages to append are ${kindOf(messages)}. Give an array of them, also for one.`);
  const encode = encoding === 'bytes' ? bytesOf : jsonOf;
  // Array.from gives the holes of an array, too, which map leaves out.
  return Array.from(messages, encode);
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

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`;
}

function invalid(problem: string, cause?: unknown): KacheryError {
  return new KacheryError('invalid-argument', problem, { field: 'messages' }, { cause });
}
