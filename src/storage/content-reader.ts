import { createHash } from 'node:crypto';
import { type BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { checkByteRange, resolveByteRange } from '../core/byte-range.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { type FailureReason, KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type ContentIndex, type FileIdentity } from './content-index.js';
import { fileIdentity } from './file-identity.js';
import { type ReadOptions, type StoredFile } from './file-store.js';
import { readPiece, readPieces } from './read-pieces.js';
import { sourceEndedEarly } from './intake/intake-protocol.js';
import { localFileFailure, systemErrorCode } from './system-failure.js';

/** Tells whether a file of this size holds this content, all of it hashed off the event loop. */
export type ContentCheck = (id: ContentId, file: FileHandle, sizeBytes: number) => Promise<boolean>;

/** Why a stored copy is as good as none: storing the content again replaces it. */
const reasonsToReplace: readonly FailureReason[] = ['content-corrupt', 'path-not-permitted', 'disk-failed'];

/**
 * Reads stored and linked files, and hands no byte on that may not be the content: small files are hashed as they are read; of larger ones the identity that
 * they had when they were stored is compared, and they are hashed again if it has changed.
 */
export class ContentReader {
  /** Files that are being hashed again; whoever else wants one waits for the same hash. It goes on when its callers have gone: the next one needs it, too. */
  private readonly checks = new Map<string, Promise<FileIdentity | undefined>>();

  constructor(
    private readonly index: ContentIndex,
    /** Absent where large files are taken for what their names say: offline, and in a client that looks into a daemon's directory. */
    private readonly check: ContentCheck | undefined,
  ) {}

  /** The pieces of a range; see FileStore.read. */
  async *read(file: StoredFile, options: ReadOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const { start = 0, end, signal, headroomBytes = 0, buffers } = options;
    checkByteRange(start, end);
    const { handle, stats } = await this.openChecked(file, signal);
    try {
      const sizeBytes = Number(stats.size);
      if (file.location === 'linked' && sizeBytes !== file.sizeBytes) throw contentCorrupt(file);
      const range = resolveByteRange(start, end, sizeBytes);
      if (sizeBytes <= limits.maxSmallFileBytes) {
        yield* this.readSmall(handle, file, { ...range, sizeBytes, headroomBytes });
        return;
      }
      yield* readPieces(handle, range.start, range.end, { headroomBytes, signal, buffers });
      if (file.location === 'linked') await checkUnchanged(handle, file, stats);
    } catch (error) {
      throw localFileFailure(error, file.path);
    } finally {
      await handle.close();
    }
  }

  /** Tells whether a stored file can be taken for what its name says: hashed again if it is small, or if it is not known to be unchanged. */
  async isIntact(file: StoredFile): Promise<boolean> {
    try {
      return await this.holdsContent(file);
    } catch (error) {
      const failure = localFileFailure(error, file.path);
      if (isAsGoodAsNone(failure)) return false;
      throw failure;
    }
  }

  private async holdsContent(file: StoredFile): Promise<boolean> {
    const { handle, stats } = await this.openChecked(file);
    try {
      if (Number(stats.size) > limits.maxSmallFileBytes) return true;
      const whole = await readPiece(handle, 0, Number(stats.size), 0);
      return createHash('sha1').update(whole).digest('hex') === file.id;
    } finally {
      await handle.close();
    }
  }

  /** Opens a file; a large stored one only if it can be taken for what its name says. */
  private async openChecked(file: StoredFile, signal?: AbortSignal): Promise<{ handle: FileHandle; stats: BigIntStats }> {
    for (;;) {
      const handle = await openContent(file);
      try {
        const stats = await handle.stat({ bigint: true });
        const isOthersAffair = file.location === 'linked' || Number(stats.size) <= limits.maxSmallFileBytes;
        if (isOthersAffair || (await this.isStillThatOne(file, fileIdentity(stats), signal))) return { handle, stats };
      } catch (error) {
        await handle.close();
        throw localFileFailure(error, file.path);
      }
      await handle.close();
    }
  }

  private async *readSmall(
    handle: FileHandle,
    file: StoredFile,
    { start, end, sizeBytes, headroomBytes }: { start: number; end: number; sizeBytes: number; headroomBytes: number },
  ): AsyncGenerator<Buffer, void, undefined> {
    const whole = await readPiece(handle, 0, sizeBytes, headroomBytes);
    if (whole.byteLength !== sizeBytes || createHash('sha1').update(whole).digest('hex') !== file.id) throw contentCorrupt(file);
    if (end > start) yield whole.subarray(start, end);
  }

  /** True if the stored file of this identity is good; false if a good one has taken its place meanwhile. Fails with `content-corrupt`. */
  private async isStillThatOne(file: StoredFile, identity: FileIdentity, signal: AbortSignal | undefined): Promise<boolean> {
    if (!this.check || (await this.index.storedIdentityOf(file.id)) === identity) return true;
    const goodIdentity = await abortable(this.sharedCheck(file, identity, this.check), signal);
    if (goodIdentity === undefined) throw contentCorrupt(file);
    return goodIdentity === identity;
  }

  /** The identity of the stored file as it is now, if it is good; that is remembered. */
  private sharedCheck(file: StoredFile, identity: FileIdentity, check: ContentCheck): Promise<FileIdentity | undefined> {
    const key = `${file.id} ${identity}`;
    const running = this.checks.get(key);
    if (running) return running;
    const started = this.checkWhole(file, check).finally(() => this.checks.delete(key));
    this.checks.set(key, started);
    return started;
  }

  private async checkWhole(file: StoredFile, check: ContentCheck): Promise<FileIdentity | undefined> {
    const handle = await openContent(file);
    try {
      const stats = await handle.stat({ bigint: true });
      if (!(await check(file.id, handle, Number(stats.size)))) return undefined;
      const identity = fileIdentity(stats);
      await this.index.rememberStoredIdentity(file.id, identity);
      return identity;
    } catch (error) {
      if (systemErrorCode(error) === sourceEndedEarly) throw contentCorrupt(file, error);
      throw error;
    } finally {
      await handle.close();
    }
  }
}

/** Tells whether what cannot be read for this reason is as good as not there. */
export function isAsGoodAsNone(error: unknown): boolean {
  return error instanceof KacheryError && reasonsToReplace.includes(error.reason);
}

/** Resolves with `work`, or fails with `cancelled` when the signal is aborted; the work goes on. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
    throwIfCancelled(signal);
    return await work;
  } finally {
    work.catch(() => undefined);
    signal.removeEventListener('abort', stop);
  }
}

/** The failure of content that is not what its address says. */
export function contentCorrupt(file: { readonly id: string; readonly path: string; readonly location: 'stored' | 'linked' }, cause?: unknown): KacheryError {
  const message =
    file.location === 'linked'
      ? `The file ${file.path} was linked as sha1://${file.id} and is no longer as it was, so it is not served: it was changed, moved or removed, or its disk is ` +
        'not mounted. Bring it back, or link or store it again.'
      : `The stored file ${file.path} no longer has the content sha1://${file.id}, so it is not served. ` +
        `Run "kachery-p2p verify sha1://${file.id}" and store the file again.`;
  return new KacheryError('content-corrupt', message, { uri: `sha1://${file.id}`, path: file.path }, { cause });
}

async function openContent(file: StoredFile): Promise<FileHandle> {
  try {
    return await open(file.path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      throw new KacheryError('file-not-found', `sha1://${file.id} was removed from this node.`, { uri: `sha1://${file.id}` }, { cause: error });
    }
    throw localFileFailure(error, file.path);
  }
}

async function checkUnchanged(handle: FileHandle, file: StoredFile, before: BigIntStats): Promise<void> {
  if (fileIdentity(await handle.stat({ bigint: true })) !== fileIdentity(before)) throw contentCorrupt(file);
}
