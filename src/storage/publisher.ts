import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ContentId } from '../core/content-id.js';
import { type StorageLayout } from './layout.js';
import { systemErrorCode } from './system-failure.js';

/** Puts finished, durable temporary files in their place. */
export class Publisher {
  /** Prefixes of contents whose outer folders have durable names. Of the innermost folders there may be millions. */
  private readonly durableFolders = new Set<string>();

  constructor(
    private readonly layout: StorageLayout,
    /** Hears of each content that has its place. */
    private readonly onPublished: (id: ContentId) => void = () => undefined,
  ) {}

  /**
   * Gives a durable temporary file its place, durably, and tells whether a file of this size was there before. That is replaced all the same: what is new was
   * hashed a moment ago, and what is there may have been damaged since.
   */
  async publish(temporaryPath: string, id: ContentId, sizeBytes: number): Promise<{ wasThere: boolean }> {
    const path = this.layout.contentPath(id);
    const wasThere = (await sizeOf(path)) === sizeBytes;
    await this.makeFolders(id);
    await rename(temporaryPath, path);
    await syncFolder(dirname(path));
    this.onPublished(id);
    return { wasThere };
  }

  /** Makes the folders that lead to a content's place, durably: also those that a batch or another writer has made and not synced yet. */
  async makeFolders(id: ContentId): Promise<void> {
    try {
      await this.makeEach(id);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      // Somebody has removed folders that were there.
      this.durableFolders.clear();
      await this.makeEach(id);
    }
  }

  private async makeEach(id: ContentId): Promise<void> {
    const [outer, middle, inner] = this.layout.contentFolders(id);
    await this.makeOnce(outer, id.slice(0, 2));
    await this.makeOnce(middle, id.slice(0, 4));
    await makeFolder(inner);
  }

  private async makeOnce(folder: string, prefix: string): Promise<void> {
    if (this.durableFolders.has(prefix)) return;
    await makeFolder(folder);
    this.durableFolders.add(prefix);
  }
}

/** Makes a folder, if it is not there, and its name durable. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Size of the regular file at a path; undefined if there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? stats.size : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
