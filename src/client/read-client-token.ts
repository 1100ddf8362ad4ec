import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { readOwnedText } from './read-owned-text.js';

/**
 * The client token in the storage directory of a node; undefined if this user may not read it. Whoever holds a daemon's port names the directory, so that it
 * may be one of his own making: the token must be no link, and belong to the user who marked the directory as the node's, and the directory must not be
 * another user's, or another user's secret could be had there.
 */
export async function readClientToken(storageDir: string, nodeId: string): Promise<string | undefined> {
  // Both files are to be of one directory, also if a link on the way to it is changed meanwhile.
  const dir = await realpath(storageDir).catch(() => undefined);
  if (dir === undefined) return undefined;
  const mark = await readOwnedText(join(dir, 'kachery-node-id'));
  const token = await readOwnedText(join(dir, 'client-auth'));
  if (mark?.text !== nodeId || mark.userId !== token?.userId || !(await isKeptBy(dir, token.userId))) return undefined;
  return token.text || undefined;
}

/** Whether a directory is that user's; this user himself and the administrator may have made it for him. */
async function isKeptBy(dir: string, userId: number): Promise<boolean> {
  const owner = await stat(dir).catch(() => undefined);
  return owner !== undefined && [userId, process.getuid?.(), 0].includes(owner.uid);
}
