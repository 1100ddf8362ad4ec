import { type ByteRange } from '../core/byte-range.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type Peer } from '../network/peer.js';

/** What stops a read, and who hears of its pauses. */
export interface ReadFromPeerOptions {
  readonly signal: AbortSignal;
  /** Hears when the node is waited for, and when it is not any more. */
  readonly onWait?: ((isWaiting: boolean) => void) | undefined;
  /** See DataRequestOptions. */
  readonly onHeld?: ((isHeld: boolean) => void) | undefined;
}

/** The bytes of a range as a node sends them, as Peer.readFile. Ends when the signal is aborted even if the node's stream does not. */
export async function* readFromPeer(
  peer: Peer,
  id: ContentId,
  range: ByteRange,
  { signal, onWait, onHeld }: ReadFromPeerOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const noteHeld = (isHeld: boolean): void => {
    onHeld?.(isHeld);
    onWait?.(!isHeld);
  };
  const pieces = peer.readFile(id, range, { signal, onHeld: noteHeld });
  let stop = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => {
      resolve(undefined);
    };
    signal.addEventListener('abort', stop);
  });
  let position = range.start;
  try {
    for (;;) {
      throwIfCancelled(signal);
      onWait?.(true);
      const next = await Promise.race([pieces.next(), aborted]);
      onWait?.(false);
      if (next === undefined) continue;
      if (next.done === true) break;
      position += next.value.byteLength;
      if (position > range.end) throw wrongLength(range.end - range.start, position - range.start);
      yield next.value;
    }
    if (position < range.end) throw wrongLength(range.end - range.start, position - range.start);
  } finally {
    signal.removeEventListener('abort', stop);
    // A stream that waits for its node ends when it likes.
    pieces.return().catch(() => undefined);
  }
}

/** The failure of a node that sends more or less than it was asked for. */
function wrongLength(expectedBytes: number, actualBytes: number): KacheryError {
  return new KacheryError('size-mismatch', `it sent ${String(actualBytes)} bytes in place of ${String(expectedBytes)}`);
}
