import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { KacheryError } from '../core/failure.js';

/**
 * Makes the storage directory if it is not there. One that somebody chose is made only in a directory that exists: a spelling mistake or a disk that is not
 * mounted must not begin an empty store elsewhere. Fails with `path-not-found` and `path-not-permitted`.
 */
export async function prepareStorageDirectory(dir: string, isDefault: boolean): Promise<void> {
  try {
    await mkdir(dir, { recursive: isDefault });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isDirectory(dir))) return;
    throw code === 'ENOENT' ? noParent(dir, error) : cannotMake(dir, error);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function noParent(dir: string, cause: unknown): KacheryError {
  return new KacheryError(
    'path-not-found',
    `The storage directory ${dir} does not exist, nor does ${dirname(dir)}, so it was not made. Check the spelling and that the disk is mounted, or run ` +
      `"mkdir -p ${dir}".`,
    { path: dir },
    { cause },
  );
}

function cannotMake(dir: string, cause: unknown): KacheryError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new KacheryError(
    'path-not-permitted',
    `The storage directory ${dir} cannot be made: ${text}. Choose another one with --storage-dir or KACHERY_STORAGE_DIR.`,
    { path: dir },
    { cause },
  );
}
