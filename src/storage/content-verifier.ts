import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { isKacheryError } from '../core/failure.js';
import { type StoredFile, type VerifyEvent } from './file-store.js';
import { type StorageLayout } from './layout.js';
import { syncFolder } from './publisher.js';
import { storageFailure, systemErrorCode } from './system-failure.js';

/** Hashes a file of this size off the event loop; resolves with the hash. */
export type FileHasher = (file: FileHandle, sizeBytes: number, signal?: AbortSignal) => Promise<string>;

/** Hashes stored files again. */
export class ContentVerifier {
  private checkedFiles = 0;
  private checkedBytes = 0;
  private badFiles = 0;

  constructor(
    private readonly layout: StorageLayout,
    private readonly hashFile: FileHasher,
    private readonly options: { readonly quarantine: boolean; readonly signal?: AbortSignal },
  ) {}

  /** How far the verification is. */
  get progress(): VerifyEvent {
    return { kind: 'progress', checkedFiles: this.checkedFiles, checkedBytes: this.checkedBytes, badFiles: this.badFiles };
  }

  /** Checks one file; resolves with what is wrong with it, or undefined. */
  async check(id: ContentId, find: () => Promise<StoredFile | undefined>): Promise<VerifyEvent | undefined> {
    throwIfCancelled(this.options.signal);
    let file: StoredFile | undefined;
    try {
      file = await find();
    } catch (error) {
      if (!isKacheryError(error, 'content-corrupt')) throw error;
      // The linked file may be on a disk that is not mounted now, so its record stays.
      return this.bad({ id, path: error.details['path'] ?? this.layout.linkPath(id), problem: error.message });
    }
    if (!file) return undefined;
    const { path, location } = file;
    const recordPath = location === 'linked' ? this.layout.linkPath(id) : path;
    let actual: string;
    try {
      actual = await this.hash(path);
    } catch (error) {
      throwIfCancelled(this.options.signal);
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      // That it cannot be read now does not prove that it is damaged.
      return this.bad({ id, path, problem: `It cannot be read: ${error instanceof Error ? error.message : String(error)}` });
    }
    this.checkedFiles += 1;
    if (actual === id) return undefined;
    this.checkedFiles -= 1;
    return this.bad({ id, path, actualId: parseContentId(actual), problem: `Its bytes have the SHA-1 ${actual}.` }, recordPath);
  }

  private async hash(path: string): Promise<string> {
    const handle: FileHandle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const sha1 = await this.hashFile(handle, size, this.options.signal);
      this.checkedBytes += size;
      return sha1;
    } finally {
      await handle.close();
    }
  }

  /** Reports a bad file; in quarantine goes the copy, or the record of the link: the linked file itself is its owner's. */
  private async bad(found: { id: ContentId; path: string; actualId?: ContentId; problem: string }, recordPath?: string): Promise<VerifyEvent> {
    this.checkedFiles += 1;
    this.badFiles += 1;
    if (!this.options.quarantine || recordPath === undefined) return { kind: 'bad', ...found };
    return { kind: 'bad', ...found, quarantinePath: await this.moveAway(recordPath) };
  }

  private async moveAway(path: string): Promise<string> {
    const quarantinePath = join(this.layout.quarantineDir, `${basename(path)}.${new Date().toISOString().replace(/[:.]/g, '-')}`);
    try {
      await mkdir(this.layout.quarantineDir, { recursive: true });
      await rename(path, quarantinePath);
      await syncFolder(this.layout.quarantineDir);
    } catch (error) {
      throw storageFailure(error, this.layout.dir);
    }
    return quarantinePath;
  }
}
