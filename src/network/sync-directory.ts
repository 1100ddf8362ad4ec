import { open } from 'node:fs/promises';

/** Resolves when the names of the files in a folder are on disk. Rejects with the system's error. */
export async function syncDirectory(dir: string): Promise<void> {
  const directory = await open(dir, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
