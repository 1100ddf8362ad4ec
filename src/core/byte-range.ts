import { KacheryError } from './failure.js';

/** The half-open range of bytes [start, end) of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range [start, end) of a file of `sizeBytes`; `end` left out stands for the end of the file. Fails with `invalid-range` if it is negative, not whole or
 * reversed, with `range-beyond-end` if it ends behind the file.
 */
export function resolveByteRange(start: number, end: number | undefined, sizeBytes: number): ByteRange {
  checkByteRange(start, end);
  const resolved = { start, end: end ?? sizeBytes };
  if (resolved.end > sizeBytes || start > sizeBytes) {
    throw new KacheryError(
      'range-beyond-end',
      `The range [${String(start)}, ${String(end ?? 'end')}) reaches beyond the end of the file, which has ${String(sizeBytes)} bytes.`,
      { start: String(start), end: String(end ?? ''), size: String(sizeBytes) },
    );
  }
  return resolved;
}

/** Checks what can be checked of a range before the file's size is known. Fails with `invalid-range`. */
export function checkByteRange(start: number, end: number | undefined): void {
  const isOffset = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (isOffset(start) && (end === undefined || (isOffset(end) && end >= start))) return;
  throw new KacheryError('invalid-range', `[${String(start)}, ${String(end ?? 'end')}) is not a byte range: 0 <= start <= end is needed, both whole numbers.`, {
    start: String(start),
    end: String(end ?? ''),
  });
}
