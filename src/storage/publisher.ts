import { mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ContentId } from '../core/content-id.js';
import { type StorageLayout } from './layout.js';
import { systemErrorCode } from './system-failure.js';

/** Puts finished, durable temporary files in their place. */
export class Publisher {
  constructor(private readonly layout: StorageLayout) {}

  /**
   * Gives a durable temporary file its place, durably, and tells whether the content was there before: then the temporary file is removed. A file of
   * another size in that place is broken and is replaced.
   */
  async publish(temporaryPath: string, id: ContentId, sizeBytes: number): Promise<{ wasThere: boolean }> {
    const path = this.layout.contentPath(id);
    if ((await sizeOf(path)) === sizeBytes) {
      await unlink(temporaryPath);
      return { wasThere: true };
    }
    await this.makeFolders(id);
    await rename(temporaryPath, path);
    await syncFolder(dirname(path));
    return { wasThere: false };
  }

  /** Makes the folders that lead to a content's place, durably. */
  async makeFolders(id: ContentId): Promise<void> {
    for (const folder of this.layout.contentFolders(id)) {
      try {
        await mkdir(folder);
      } catch (error) {
        if (systemErrorCode(error) === 'EEXIST') continue;
        throw error;
      }
      await syncFolder(dirname(folder));
    }
  }
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
