import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes what files that were being written when an earlier daemon was killed left in a folder that only this one writes to now. Rejects with the system's error. */
export async function removeHalfWritten(dir: string): Promise<void> {
  for (const name of await readdir(dir)) if (/\.[0-9a-f]{16}\.tmp$/.test(name)) await unlink(join(dir, name));
}
