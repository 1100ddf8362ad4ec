import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, constants, copyFile, open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { formatManifest, hasManifest, makeManifest } from '../core/manifest.js';
import { type ContentIndex } from './content-index.js';
import { fileIdentity } from './file-identity.js';
import { type Expectation, type StoreResult } from './file-store.js';
import { type Digest } from './intake/intake-lane.js';
import { type StorageLayout } from './layout.js';
import { type Publisher } from './publisher.js';
import { storageFailure } from './system-failure.js';

/** Who writes: it names its temporary files so that nobody removes those of another who is still at work. */
export type WriterRole = 'daemon' | 'offline';

/** Turns durable temporary files into stored content: checks, manifest, place, memory of it. */
export class ContentWriter {
  constructor(
    private readonly layout: StorageLayout,
    private readonly publisher: Publisher,
    private readonly index: ContentIndex,
    private readonly role: WriterRole,
    /** Mode of stored files, as the process's umask allows it. */
    private readonly fileMode: number,
  ) {}

  /** A path for a new temporary file. */
  temporaryPath(): string {
    return join(this.layout.temporaryDir, `${this.role}.${randomBytes(12).toString('hex')}.tmp`);
  }

  /** Fails with `disk-full` if so many bytes cannot be written. */
  async checkRoom(sizeBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.layout.temporaryDir);
    if (sizeBytes <= bavail * bsize) return;
    throw new KacheryError(
      'disk-full',
      `${String(sizeBytes)} bytes do not fit on the disk of the storage directory ${this.layout.dir}, which has ${String(bavail * bsize)} left. ` +
        'Free some space on it, or remove files with "kachery-p2p rm".',
      { path: this.layout.dir },
    );
  }

  /** Makes a temporary copy that shares the source's blocks, where the file system can. Tells whether it could. */
  async clone(sourcePath: string, temporaryPath: string): Promise<boolean> {
    try {
      await copyFile(sourcePath, temporaryPath, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
      await this.seal(temporaryPath);
      return true;
    } catch {
      await unlink(temporaryPath).catch(() => undefined);
      return false;
    }
  }

  /** Checks a digest against what was expected, and stores the temporary file and its manifest. The temporary file is gone afterwards, in any case. */
  async publish(temporaryPath: string, digest: Digest, sizeBytes: number, expected: Expectation): Promise<StoreResult> {
    try {
      return await this.place(temporaryPath, digest, sizeBytes, expected);
    } catch (error) {
      await unlink(temporaryPath).catch(() => undefined);
      throw error;
    }
  }

  /** As {@link publish}, but where that fails the temporary file stays. */
  async place(temporaryPath: string, digest: Digest, sizeBytes: number, expected: Expectation): Promise<StoreResult> {
    try {
      const id = parseContentId(digest.sha1);
      checkExpectation(id, sizeBytes, expected);
      const manifestId = await this.storeManifest(id, sizeBytes, digest.chunkSha1s);
      const { wasThere } = await this.publisher.publish(temporaryPath, id, sizeBytes);
      const path = this.layout.contentPath(id);
      if (sizeBytes > limits.maxSmallFileBytes) await this.rememberGood(id);
      return { file: { id, sizeBytes, location: 'stored', path, ...(manifestId && { manifestId }) }, alreadyStored: wasThere };
    } catch (error) {
      throw storageFailure(error, this.layout.dir);
    }
  }

  /** Gives a temporary file the mode of stored files. */
  async seal(temporaryPath: string): Promise<void> {
    await chmod(temporaryPath, this.fileMode);
  }

  /** Stores bytes that are in memory. */
  async storeBytes(bytes: Uint8Array, expected: Expectation = {}): Promise<StoreResult> {
    const digest = { sha1: createHash('sha1').update(bytes).digest('hex'), chunkSha1s: [] };
    checkExpectation(parseContentId(digest.sha1), bytes.byteLength, expected);
    const path = this.temporaryPath();
    try {
      const file = await open(path, 'wx', 0o444);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw storageFailure(error, this.layout.dir);
    }
    return this.publish(path, digest, bytes.byteLength, expected);
  }

  /** Stores the manifest of a content that has one and tells its id. */
  async storeManifest(id: ContentId, sizeBytes: number, chunkSha1s: readonly string[]): Promise<ContentId | undefined> {
    if (!hasManifest(sizeBytes)) return undefined;
    const known = await this.index.manifestOf(id);
    if (known && (await isThere(this.layout.contentPath(known)))) return known;
    const manifest = makeManifest(id, sizeBytes, chunkSha1s.map(parseContentId));
    const { file } = await this.storeBytes(Buffer.from(formatManifest(manifest)));
    await this.index.rememberManifest(id, file.id);
    return file.id;
  }

  /** Remembers the present state of a stored file as good. */
  async rememberGood(id: ContentId): Promise<void> {
    const file = await open(this.layout.contentPath(id), 'r');
    try {
      await this.index.rememberStoredIdentity(id, fileIdentity(await file.stat({ bigint: true })));
    } finally {
      await file.close();
    }
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Fails with `size-mismatch` or `hash-mismatch` if content is not what was expected. */
function checkExpectation(id: ContentId, sizeBytes: number, expected: Expectation): void {
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== sizeBytes) throw sizeMismatch(expected.sizeBytes, sizeBytes);
  if (expected.id === undefined || expected.id === id) return;
  throw new KacheryError('hash-mismatch', `The data has the SHA-1 ${id}, not ${expected.id} as was claimed. Nothing was stored; send the file again.`, {
    expected: expected.id,
    actual: id,
  });
}

/** The failure of content that has another size than was claimed. */
export function sizeMismatch(expectedBytes: number, actualBytes: number): KacheryError {
  return new KacheryError(
    'size-mismatch',
    `The data has ${String(actualBytes)} bytes${actualBytes > expectedBytes ? ' or more' : ''}, not ${String(expectedBytes)} as was claimed. ` +
      'Nothing was stored; send the file again.',
    { expected: String(expectedBytes), actual: String(actualBytes) },
  );
}
