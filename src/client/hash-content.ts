import { createHash } from 'node:crypto';

import { cancelled, throwIfCancelled } from '../core/cancellation.js';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { IntakeError, type IntakeJob } from '../storage/intake/intake-lane.js';
import { type IntakePool } from '../storage/intake/intake-pool.js';
import { localFileFailure } from '../storage/system-failure.js';
import { type CallOptions } from './call-options.js';
import { type SourceFile } from './source-file.js';

/** Up to this size, hashing here takes less time than telling a worker. */
const maxInlineBytes = 256 * 1024;

/** The content id of a file's bytes, hashed by a worker thread. Fails with `file-changed` if the file becomes shorter or is written to meanwhile. */
export async function hashFile(pool: IntakePool, source: SourceFile, { signal, onProgress }: CallOptions = {}): Promise<ContentId> {
  const { sizeBytes } = source;
  try {
    const id = await hashWith(
      pool,
      (job) => job.writeFile(source.fileDescriptor, { start: 0, end: sizeBytes }, { write: false }),
      signal,
      onProgress && ((doneBytes) => onProgress({ state: 'hashing', doneBytes, sizeBytes })),
    );
    await source.checkUnchanged();
    return id;
  } catch (error) {
    if (!(error instanceof IntakeError)) throw error;
    throw error.code === 'SOURCE_ENDED_EARLY' ? source.changed(error) : localFileFailure(error, source.path);
  }
}

/** The content id of bytes in memory; many are hashed by a worker thread. */
export async function hashBytes(pool: IntakePool, content: Uint8Array, { signal }: CallOptions = {}): Promise<ContentId> {
  if (content.byteLength <= maxInlineBytes) return parseContentId(createHash('sha1').update(content).digest('hex'));
  return hashWith(
    pool,
    async (job) => {
      // The worker takes its bytes for good, so it gets copies.
      const give = (start: number): Promise<void> => job.write(new Uint8Array(content.subarray(start, start + limits.dataMessageBytes)));
      for (let start = 0; start < content.byteLength; start += limits.dataMessageBytes) await give(start);
    },
    signal,
  );
}

async function hashWith(
  pool: IntakePool,
  feed: (job: IntakeJob) => Promise<void>,
  signal: AbortSignal | undefined,
  onTaken?: (doneBytes: number) => void,
): Promise<ContentId> {
  throwIfCancelled(signal);
  const job = pool.open({ append: false, chunked: false }, onTaken);
  const cancel = (): void => {
    job.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    await feed(job);
    return parseContentId((await job.finish()).sha1);
  } catch (error) {
    await job.drop();
    throw signal?.aborted && !(error instanceof KacheryError) ? cancelled(signal) : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
