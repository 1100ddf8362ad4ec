/** Bytes of a varint of protobuf; `value` is a whole number from 0 to 2^53. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes a varint of protobuf and returns the offset behind it; `value` is a whole number from 0 to 2^53. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  let position = offset;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[position++] = (rest % 0x80) | 0x80;
  target[position++] = rest;
  return position;
}
