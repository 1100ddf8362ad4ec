import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ContentId } from '../core/content-id.js';
import { type StorageLayout } from './layout.js';
import { systemErrorCode } from './system-failure.js';

/** Puts finished, durable temporary files in their place. */
export class Publisher {
  constructor(private readonly layout: StorageLayout) {}

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
    return { wasThere };
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
