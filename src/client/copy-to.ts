import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, constants, copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { cancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { localFileFailure, systemErrorCode } from '../storage/system-failure.js';
import { type CallOptions } from './call-options.js';

/**
 * Puts a copy of a file at `dest`, which the caller may change as he likes, and resolves with its absolute path. A file that is there is replaced, in one
 * step. Fails with `not-a-regular-file` if a directory is there, `path-not-found` if the directory around it is not, `path-not-permitted` or `disk-full`.
 */
export async function copyTo(path: string, dest: string, { signal, onProgress }: CallOptions = {}): Promise<string> {
  const destPath = resolve(dest);
  const temporaryPath = join(dirname(destPath), `.${basename(destPath).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const { sizeBytes } = await checkPlaces(path, destPath);
    const mode = await makeEmpty(temporaryPath);
    if (!(await clone(path, temporaryPath))) await copyBytes(path, temporaryPath, sizeBytes, { signal, onProgress });
    await chmod(temporaryPath, mode);
    await rename(temporaryPath, destPath);
    return destPath;
  } catch (error) {
    await rm(temporaryPath, { force: true }).catch(() => undefined);
    throw signal?.aborted ? cancelled(signal) : destFailure(error, destPath);
  }
}

async function checkPlaces(path: string, destPath: string): Promise<{ sizeBytes: number }> {
  const dest = await stat(destPath).catch(() => undefined);
  if (dest && !dest.isFile()) {
    throw new KacheryError('not-a-regular-file', `${destPath} is there and is not a regular file. Name a file inside it, or another one.`, { path: destPath });
  }
  return { sizeBytes: (await stat(path)).size };
}

/** Makes an empty file and tells the mode that new files of this user get. */
async function makeEmpty(path: string): Promise<number> {
  const file = await open(path, 'wx');
  try {
    return (await file.stat()).mode & 0o777;
  } finally {
    await file.close();
  }
}

/** Makes a file share the blocks of the original, where the file system can; tells whether it could. */
async function clone(path: string, temporaryPath: string): Promise<boolean> {
  try {
    await copyFile(path, temporaryPath, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  }
}

async function copyBytes(path: string, temporaryPath: string, sizeBytes: number, { signal, onProgress }: CallOptions): Promise<void> {
  const highWaterMark = limits.dataMessageBytes;
  async function* counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    let doneBytes = 0;
    for await (const piece of pieces) {
      yield piece;
      doneBytes += piece.byteLength;
      onProgress?.({ state: 'reading', doneBytes, sizeBytes });
    }
  }
  await pipeline(createReadStream(path, { highWaterMark }), counted, createWriteStream(temporaryPath, { highWaterMark }), signal ? { signal } : {});
}

function destFailure(error: unknown, destPath: string): unknown {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new KacheryError(
      'path-not-found',
      `The directory ${dirname(destPath)} does not exist. Create it, or name another place.`,
      { path: destPath },
      { cause: error },
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KacheryError(
      'disk-full',
      `The disk of ${destPath} is full (${code}). Free some space on it, or name another place.`,
      { path: destPath },
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new KacheryError(
      'path-not-permitted',
      `${destPath} may not be written (${code}). Check the rights of its directory.`,
      { path: destPath },
      { cause: error },
    );
  }
  return localFileFailure(error, destPath);
}
