import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Clock } from '../core/clock.js';
import { isKacheryError, KacheryError } from '../core/failure.js';
import { type WriterRole } from './content-writer.js';
import { type StorageLayout } from './layout.js';
import { storageFailure, systemErrorCode } from './system-failure.js';

/** How long a temporary file of an offline writer may be in use. */
const offlineTemporaryMs = 24 * 60 * 60 * 1000;

/** What a storage directory allows. */
export interface OpenedLayout {
  /** Mode that stored files get. */
  readonly fileMode: number;
  /** Why nothing can be written, where the directory can only be read. */
  readonly unwritable?: KacheryError;
}

/**
 * Makes the folders of a storage directory that are missing, and removes what earlier writers left behind. A directory that can only be read is one that an
 * offline client can use all the same. Fails with `path-not-found` if the directory itself is not there, and `storage-not-writable` or `disk-full` if a daemon
 * cannot write it.
 */
export async function openLayout(layout: StorageLayout, role: WriterRole, clock: Clock): Promise<OpenedLayout> {
  const isDirectory = await stat(layout.dir).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isDirectory) {
    throw new KacheryError('path-not-found', `The storage directory ${layout.dir} does not exist. Create it with "mkdir -p", or name another one.`, {
      path: layout.dir,
    });
  }
  try {
    return await prepare(layout, role, clock);
  } catch (error) {
    const failure = storageFailure(error, layout.dir);
    if (role === 'offline' && isKacheryError(failure, 'storage-not-writable')) return { fileMode: 0o444, unwritable: failure };
    throw failure;
  }
}

async function prepare(layout: StorageLayout, role: WriterRole, clock: Clock): Promise<OpenedLayout> {
  for (const folder of [layout.contentDir, layout.temporaryDir]) await mkdir(folder, { recursive: true });
  // What is in these is not for others who may read the store.
  if (role === 'daemon') for (const folder of [layout.uploadsDir, layout.partialDir, layout.journalDir]) await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeLeftovers(layout, role, clock);
  return { fileMode: await probeFileMode(layout, role) };
}

/** The daemon is alone on its directory, so its own temporary files are leftovers; those of offline writers are when they are old. */
async function removeLeftovers(layout: StorageLayout, role: WriterRole, clock: Clock): Promise<void> {
  for (const name of await readdir(layout.temporaryDir)) {
    if (!name.endsWith('.tmp')) continue;
    const path = join(layout.temporaryDir, name);
    if (name.startsWith('daemon.')) {
      if (role === 'daemon') await removeIfThere(path);
      continue;
    }
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    // It may be another user's, and then it is his to remove.
    if (mtimeMs < clock.now() - offlineTemporaryMs) await unlink(path).catch(() => undefined);
  }
}

async function probeFileMode(layout: StorageLayout, role: WriterRole): Promise<number> {
  const path = join(layout.temporaryDir, `${role}.probe-${randomBytes(8).toString('hex')}.tmp`);
  const file = await open(path, 'wx', 0o444);
  try {
    return (await file.stat()).mode & 0o777;
  } finally {
    await file.close();
    await unlink(path);
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
