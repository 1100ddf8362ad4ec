import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isKacheryError, KacheryError } from '../../core/failure.js';
import { syncDirectory } from '../../network/sync-directory.js';
import { writeFileAtomically } from '../../network/write-file-atomically.js';
import { parseMirrorTarget } from './mirror-target.js';

/** What is mirrored, and since when, in milliseconds since 1970 UTC. */
export interface ListedMirror {
  readonly uri: string;
  readonly addedAtMs: number;
}

/** What was mirrored; nothing if there is no such file yet. Fails with `content-corrupt` for other content, and with `path-not-permitted`. */
export async function readMirrorList(path: string): Promise<ListedMirror[]> {
  try {
    const content = JSON.parse(await readFile(path, 'utf8')) as { readonly mirrors?: unknown };
    if (!Array.isArray(content.mirrors)) throw new TypeError('it has no mirrors');
    return content.mirrors.map(parseListed);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (error instanceof SyntaxError || error instanceof TypeError || isKacheryError(error)) throw corrupt(path, error);
    throw notUsable(path, error);
  }
}

/** Writes what is mirrored; it is on disk when it resolves. Fails with `path-not-permitted` and `disk-full`. */
export async function writeMirrorList(path: string, mirrors: readonly ListedMirror[]): Promise<void> {
  const listed = mirrors.map(({ uri, addedAtMs }) => ({ uri, addedAt: new Date(addedAtMs).toISOString() }));
  try {
    await writeFileAtomically(path, `${JSON.stringify({ mirrors: listed }, undefined, 2)}\n`, 0o600);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw notUsable(path, error);
  }
}

function parseListed(value: unknown): ListedMirror {
  const { uri, addedAt } = (value ?? {}) as { readonly uri?: unknown; readonly addedAt?: unknown };
  const addedAtMs = typeof addedAt === 'string' ? Date.parse(addedAt) : NaN;
  if (typeof uri !== 'string') throw new TypeError('a mirror has no URI');
  return { uri: parseMirrorTarget(uri).uri, addedAtMs: Number.isNaN(addedAtMs) ? 0 : addedAtMs };
}

function corrupt(path: string, cause: Error): KacheryError {
  const message = `${path} does not hold the list of mirrors (${cause.message}). Correct it, or move it away and add the mirrors again.`;
  return new KacheryError('content-corrupt', message, { path }, { cause });
}

function notUsable(path: string, cause: unknown): KacheryError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const full = `The disk of ${path} is full (${code}), so the list of mirrors stays as it was. Free some space.`;
    return new KacheryError('disk-full', full, { path }, { cause });
  }
  return new KacheryError(
    'path-not-permitted',
    `${path} cannot be read or written: ${message}. Check its rights and those of its directory.`,
    { path },
    { cause },
  );
}
