import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { formatBytes } from '../format-quantity.js';
import { broken, type Finding, healthy, odd } from './finding.js';

const check = 'storage directory';
const lowBytes = 1024 ** 3;
const veryLowBytes = 64 * 1024 ** 2;

/** Checks that a storage directory can be read and, if it must be, written. */
export async function examineStorageDir(dir: string, { mustBeWritable }: { readonly mustBeWritable: boolean }): Promise<Finding> {
  const stats = await stat(dir).catch((error: unknown) => error as NodeJS.ErrnoException);
  if (stats instanceof Error) {
    const isMissing = stats.code === 'ENOENT';
    const advice = isMissing ? `Create it (mkdir -p ${dir}) or set the path of another one.` : 'Ask its owner for the right to read it.';
    return broken(check, isMissing ? 'path-not-found' : 'path-not-permitted', isMissing ? `${dir} does not exist.` : stats.message, advice);
  }
  if (!stats.isDirectory()) return broken(check, 'invalid-argument', `${dir} is not a directory.`, 'Set the path of a directory.');
  if (!(await isPermitted(dir, constants.R_OK | constants.X_OK))) {
    return broken(
      check,
      'path-not-permitted',
      `This user may not read ${dir}.`,
      'Ask its owner for the right to read it (chmod, or --auth-group of start-daemon).',
    );
  }
  if (mustBeWritable && !(await isPermitted(dir, constants.W_OK))) {
    return broken(
      check,
      'storage-not-writable',
      `${dir} cannot be written by this user.`,
      'Change its rights (chmod u+w) or its mount, or use another directory.',
    );
  }
  return healthy(check, mustBeWritable ? `${dir} can be read and written.` : `${dir} can be read.`);
}

/** How many bytes can be written to the disk of a directory, which may not exist yet; undefined if that cannot be told. */
export async function freeSpaceOf(dir: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(dir);
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== dir ? freeSpaceOf(parent) : undefined;
  }
}

/** Checks that there is room for more files. */
export function* examineFreeSpace(availableBytes: number | undefined): Generator<Finding, void, undefined> {
  if (availableBytes === undefined) return;
  const message = `${formatBytes(availableBytes)} are free on the disk of the storage directory.`;
  const advice = 'Remove files (kachery-p2p rm), or use a larger disk.';
  if (availableBytes < veryLowBytes) yield broken('disk space', 'disk-full', message, advice);
  else if (availableBytes < lowBytes) yield odd('disk space', message, advice);
  else yield healthy('disk space', message);
}

async function isPermitted(dir: string, mode: number): Promise<boolean> {
  return access(dir, mode).then(
    () => true,
    () => false,
  );
}
