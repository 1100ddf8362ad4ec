import { type KeyRange } from './durable-database.js';

/** The range of all keys that begin with `prefix`, which must have a byte other than 255. */
export function keysWithPrefix(prefix: Buffer): KeyRange {
  return { gte: prefix, lt: keyBehindPrefix(prefix) };
}

/** The first key behind all those that begin with `prefix`. */
export function keyBehindPrefix(prefix: Buffer): Buffer {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  const behind = Buffer.from(prefix.subarray(0, last + 1));
  behind.writeUInt8(behind.readUInt8(last) + 1, last);
  return behind;
}
