import { createHash } from 'node:crypto';

import { KacheryError } from '../../core/failure.js';
import { type ContentAccess } from './content-access.js';
import { parentOf, type PartContent } from './resolve-uri.js';

/**
 * Checks that the bytes of a part have the hash that its URI claims. Fails with `content-corrupt` if they do not, and as ContentAccess.read for the file that they
 * are in.
 */
export async function checkPart(access: ContentAccess, part: PartContent, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha1');
  for await (const piece of access.read(parentOf(part), { ...part.range, signal })) hash.update(piece);
  const actual = hash.digest('hex');
  if (actual === part.id) return;
  throw new KacheryError(
    'content-corrupt',
    `The bytes [${String(part.range.start)}, ${String(part.range.end)}) of sha1://${part.parentId} have the SHA-1 ${actual}, not ${part.id} as the URI says. ` +
      'The URI does not name a part of that file; ask whoever made it.',
    { uri: `sha1://${part.id}` },
  );
}
