import { type Writable } from 'node:stream';

/** Writes `sizeBytes` bytes as repetitions of `piece`, never ahead of what the stream takes, and ends the stream. Errors are the stream's. */
export function writeBytes(stream: Writable, piece: Buffer, sizeBytes: number): void {
  let leftBytes = sizeBytes;
  const pump = (): void => {
    while (leftBytes > 0) {
      const next = piece.subarray(0, leftBytes);
      leftBytes -= next.length;
      if (!stream.write(next)) {
        stream.once('drain', pump);
        return;
      }
    }
    stream.end();
  };
  pump();
}
