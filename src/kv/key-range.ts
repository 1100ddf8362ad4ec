/** Keys from `gte` up to, but without, `lt`, in the order of their bytes. */
export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

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

/** A key before `key`, which must not be empty, and behind nearly all that are: but for one that has a zero byte less, or some that are longer than it. */
export function keyBefore(key: Buffer): Buffer {
  const last = key.byteLength - 1;
  const lastByte = key.readUInt8(last);
  return lastByte === 0 ? key.subarray(0, last) : Buffer.concat([key.subarray(0, last), Buffer.of(lastByte - 1, 0xff)]);
}
