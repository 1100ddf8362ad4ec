import { createHash } from 'node:crypto';

import { KacheryError } from '../../core/failure.js';
import { type FileStore, type StoredFile } from '../../storage/file-store.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { type PartContent } from './resolve-uri.js';

/**
 * Checks that the bytes of a part have the hash that its URI claims, and resolves with the file that they are in. Fails with `file-not-found` if that file is
 * not here, with `range-beyond-end`, and with `content-corrupt` if the bytes are others.
 */
export async function checkPart(store: FileStore, part: PartContent, signal: AbortSignal): Promise<StoredFile> {
  const parent = await store.find(part.parentId);
  if (!parent) throw fileNotFound(`sha1://${part.id}`);
  const hash = createHash('sha1');
  for await (const piece of store.read(part.parentId, { ...part.range, signal })) hash.update(piece);
  const actual = hash.digest('hex');
  if (actual === part.id) return parent;
  throw new KacheryError(
    'content-corrupt',
    `The bytes [${String(part.range.start)}, ${String(part.range.end)}) of sha1://${part.parentId} have the SHA-1 ${actual}, not ${part.id} as the URI says. ` +
      'The URI does not name a part of that file; ask whoever made it.',
    { uri: `sha1://${part.id}`, path: parent.path },
  );
}
