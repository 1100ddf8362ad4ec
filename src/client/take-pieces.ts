import { type Expectation, type FileStore, type IncomingFile, type StoreResult } from '../storage/file-store.js';

/** Stores the content that `pieces` bring, whose buffers it takes for good. If they fail, or are not what is expected, nothing is kept. */
export async function takePieces(
  store: Pick<FileStore, 'receive'>,
  expected: Expectation,
  pieces: AsyncIterable<Uint8Array>,
  onTaken?: (doneBytes: number) => void,
): Promise<StoreResult> {
  const incoming = await store.receive(expected);
  try {
    for await (const piece of pieces) {
      await take(incoming, piece);
      onTaken?.(incoming.takenBytes);
    }
    return await incoming.finish();
  } catch (error) {
    await incoming.abort();
    throw error;
  }
}

function take(incoming: IncomingFile, piece: Uint8Array): Promise<void> {
  return incoming.write(piece);
}
