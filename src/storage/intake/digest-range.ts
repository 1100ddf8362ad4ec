import { type FileHandle } from 'node:fs/promises';

import { type ByteRange } from '../../core/byte-range.js';
import { throwIfCancelled } from '../../core/cancellation.js';
import { type Digest } from './intake-lane.js';
import { type IntakePool } from './intake-pool.js';

/**
 * Hashes the bytes [start, end) of an open file off the event loop, also in the manifest's chunks if `chunked`. Fails with an IntakeError, and with `cancelled`.
 */
export async function digestRange(
  pool: IntakePool,
  file: FileHandle,
  range: ByteRange,
  { chunked = false, signal }: { readonly chunked?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<Digest> {
  throwIfCancelled(signal);
  const job = pool.open({ append: false, chunked });
  const cancel = (): void => {
    job.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    await job.writeFile(file.fd, range, { write: false });
    return await job.finish();
  } catch (error) {
    await job.drop();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
