import { join } from 'node:path';

import { readOwnedText } from './read-owned-text.js';

/**
 * The client token in the storage directory of a node; undefined if this user may not read it. Whoever holds a daemon's port names the directory, so that it
 * may be one of his own making: the token must belong to the user who marked the directory as the node's, or a link there could lead to another user's secret.
 */
export async function readClientToken(storageDir: string, nodeId: string): Promise<string | undefined> {
  const mark = await readOwnedText(join(storageDir, 'kachery-node-id'));
  const token = await readOwnedText(join(storageDir, 'client-auth'));
  if (mark?.text !== nodeId || mark.userId !== token?.userId) return undefined;
  return token.text || undefined;
}
