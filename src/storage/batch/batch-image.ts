/**
 * A batch of small contents in one buffer, which is also the format of a journal file: for each content its SHA-1 (20 bytes), its size (4 bytes,
 * big-endian) and its bytes.
 */

const sha1Bytes = 20;
const headerBytes = sha1Bytes + 4;

/** One content of a batch. */
export interface BatchEntry {
  readonly sha1: string;
  readonly bytes: Uint8Array;
}

/** Joins contents into an image, in the buffer of one that is needed no more if it fits. */
export function encodeBatch(entries: readonly BatchEntry[], spare = new ArrayBuffer(0)): Uint8Array<ArrayBuffer> {
  const sizeBytes = entries.reduce((sum, entry) => sum + headerBytes + entry.bytes.byteLength, 0);
  const image = spare.byteLength >= sizeBytes ? Buffer.from(spare, 0, sizeBytes) : Buffer.allocUnsafeSlow(sizeBytes);
  let position = 0;
  for (const { sha1, bytes } of entries) {
    image.write(sha1, position, 'hex');
    image.writeUInt32BE(bytes.byteLength, position + sha1Bytes);
    image.set(bytes, position + headerBytes);
    position += headerBytes + bytes.byteLength;
  }
  return image;
}

/** The contents of an image, as views into it. An image that was cut off yields the contents that are whole. */
export function* decodeBatch(image: Uint8Array): Generator<BatchEntry, void, undefined> {
  const buffer = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  let position = 0;
  while (position + headerBytes <= buffer.byteLength) {
    const start = position + headerBytes;
    const end = start + buffer.readUInt32BE(position + sha1Bytes);
    if (end > buffer.byteLength) return;
    yield { sha1: buffer.toString('hex', position, position + sha1Bytes), bytes: buffer.subarray(start, end) };
    position = end;
  }
}
