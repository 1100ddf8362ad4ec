import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type ContentId } from '../core/content-id.js';
import { type Expectation, type StoredFile } from '../storage/file-store.js';
import { LocalStorage } from '../storage/local-storage.js';
import { storageFailure } from '../storage/system-failure.js';
import { StorageView } from './storage-view.js';
import { takePieces } from './take-pieces.js';

/**
 * This user's own copies of files that a daemon has whose storage directory this machine does not see. Laid out as a storage directory; what is in it may be
 * removed at any time.
 */
export class ContentCache {
  private readonly dir: string;
  private readonly view: StorageView;
  private storage: Promise<LocalStorage> | undefined;

  /** Makes `<cacheDir>/files` when the first file is kept. */
  constructor(cacheDir: string) {
    this.dir = join(cacheDir, 'files');
    this.view = new StorageView(this.dir);
  }

  /** The file, if the cache has it. */
  async find(id: ContentId): Promise<StoredFile | undefined> {
    return this.view.find(id);
  }

  /** Takes a file into the cache; it is kept only if it is what is expected. */
  async fill(expected: Expectation, pieces: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    return (await takePieces(await this.open(), expected, pieces)).file;
  }

  /** Releases what it has open; the files stay. */
  async close(): Promise<void> {
    const storage = await this.storage?.catch(() => undefined);
    await storage?.close();
  }

  private open(): Promise<LocalStorage> {
    this.storage ??= this.make().catch((error: unknown) => {
      this.storage = undefined;
      throw error;
    });
    return this.storage;
  }

  private async make(): Promise<LocalStorage> {
    try {
      await mkdir(this.dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageFailure(error, this.dir);
    }
    return LocalStorage.open(this.dir, { role: 'offline' });
  }
}
