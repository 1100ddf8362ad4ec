import { createHash } from 'node:crypto';

import { KacheryError } from '../../core/failure.js';
import { type ReachableFiles } from './reachable-files.js';
import { type PartContent } from './resolve-uri.js';

/**
 * Checks that the bytes of a part have the hash that its URI claims. Fails as reading the file that they are in does, with `range-beyond-end`, and with
 * `content-corrupt` if the bytes are others.
 */
export async function checkPart(files: Pick<ReachableFiles, 'read'>, part: PartContent, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha1');
  for await (const piece of files.read(part.parentId, { ...part.range, signal, isCheckedByCaller: true })) hash.update(piece);
  const actual = hash.digest('hex');
  if (actual === part.id) return;
  throw new KacheryError(
    'content-corrupt',
    `The bytes [${String(part.range.start)}, ${String(part.range.end)}) of sha1://${part.parentId} have the SHA-1 ${actual}, not ${part.id} as the URI says. ` +
      'The URI does not name a part of that file; ask whoever made it.',
    { uri: `sha1://${part.id}` },
  );
}
