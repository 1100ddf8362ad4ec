import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const maxBytes = 4096;

/** A small text file, and who owns it. */
export interface OwnedText {
  /** Without white space around it. */
  readonly text: string;
  readonly userId: number;
}

/**
 * A small text file that may be anything, since somebody else may have named or made it; undefined if it is not a readable, small, regular file of one name.
 * A link, symbolic or hard, could lead to a file that its owner never put there.
 */
export async function readOwnedText(path: string): Promise<OwnedText | undefined> {
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.nlink !== 1 || stats.size > maxBytes) return undefined;
      return { text: (await file.readFile('utf8')).trim(), userId: stats.uid };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
