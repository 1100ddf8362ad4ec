import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { KacheryError } from '../core/failure.js';
import { syncDirectory } from './sync-directory.js';

/** A file that holds a secret and is made once. */
export interface SecretFile {
  readonly path: string;
  /** Rights that the file gets when it is made, such as 0o600. */
  readonly mode: number;
}

/**
 * The content of a secret file. If there is none it is made, whole or not at all, with what `make` gives; of two processes that make it at once, both get the
 * same. Fails with `path-not-permitted` if it cannot be read or made, or if its rights let more users in than `mode`.
 */
export async function readOrMakeSecret(file: SecretFile, make: () => string): Promise<string> {
  try {
    return (await readSecret(file)) ?? (await makeSecret(file, make()));
  } catch (error) {
    if (error instanceof KacheryError) throw error;
    throw new KacheryError(
      'path-not-permitted',
      `The file ${file.path} cannot be read or made: ${error instanceof Error ? error.message : String(error)}. Check the rights of its directory.`,
      { path: file.path },
      { cause: error },
    );
  }
}

async function readSecret({ path, mode }: SecretFile): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const rights = (await file.stat()).mode & 0o777;
    if ((rights & ~mode & 0o077) !== 0) throw tooOpen(path, rights, mode);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function makeSecret({ path, mode }: SecretFile, secret: string): Promise<string> {
  const temporaryPath = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = await open(temporaryPath, 'wx', 0o600);
    try {
      await file.writeFile(secret);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    const isOurs = await publish(temporaryPath, path);
    await syncDirectory(dirname(path));
    return isOurs ? secret : ((await readSecret({ path, mode })) ?? secret);
  } finally {
    await unlink(temporaryPath).catch(() => undefined);
  }
}

/** Gives the file its name if nobody has taken it; some file systems have no links. Tells whether it did. */
async function publish(temporaryPath: string, path: string): Promise<boolean> {
  try {
    await link(temporaryPath, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    await rename(temporaryPath, path);
  }
  return true;
}

function tooOpen(path: string, rights: number, mode: number): KacheryError {
  return new KacheryError(
    'path-not-permitted',
    `Other users can read or write the secret file ${path} (its rights are ${octal(rights)}), so it may be known to them. ` +
      `If it is not, run "chmod ${octal(mode)} ${path}"; otherwise move it away, and a new one is made: a new token, or, from node-key.pem, a node with a new id.`,
    { path },
  );
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
