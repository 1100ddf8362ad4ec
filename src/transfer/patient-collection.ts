import { setFlagsFromString } from 'node:v8';

let users = 0;

/**
 * Lets V8's collector wait until the heap is four times as large as what was live, until the function that it returns is called. Bytes that come from a socket
 * take up two buffers outside of a heap that itself is small: as V8 is set up, it marks the whole heap for each 20 MiB of them, for which its threads take three
 * seconds of processor time a GiB, as much as hashing and decrypting. See docs/decisions/0014.
 */
export function collectPatiently(): () => void {
  if (users++ === 0) setFlagsFromString('--heap-growing-percent=300');
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--users === 0) setFlagsFromString('--heap-growing-percent=0');
  };
}
