import { type ReadOptions } from '../../storage/file-store.js';

/** A range of bytes that may be open at its end. */
export type OpenRange = Pick<ReadOptions, 'start' | 'end'> & { readonly start: number };

/** The range that a request asks for; a length of 0 is up to the end. A number beyond what JavaScript counts exactly is beyond the end of any file, too. */
export function requestedRange({ offset, length }: { readonly offset: bigint; readonly length: bigint }): OpenRange {
  const clamp = (value: bigint): number => Math.min(Number(value), Number.MAX_SAFE_INTEGER);
  return length === 0n ? { start: clamp(offset) } : { start: clamp(offset), end: clamp(offset + length) };
}
