import { randomInt } from 'node:crypto';

/** So many ranges [start, end) of `rangeBytes` bytes, anywhere in a file of that size. */
export function randomRanges(sizeBytes: number, count: number, rangeBytes: number): [start: number, end: number][] {
  return Array.from({ length: count }, () => {
    const start = randomInt(sizeBytes - rangeBytes + 1);
    return [start, start + rangeBytes];
  });
}
