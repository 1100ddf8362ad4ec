import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type ExecutionContext } from 'ava';

const run = promisify(execFile);
const fillerPieceBytes = 1024 * 1024;

/** What a test that is killed itself would leave mounted. */
const mounted = new Set<string>();
process.on('exit', () => {
  for (const dir of mounted) spawnSync('umount', ['--lazy', dir]);
});

/** A file system in memory of its own, for as long as a test runs. */
export class SmallDisk {
  private readonly fillerPath: string;

  private constructor(readonly dir: string) {
    this.fillerPath = join(dir, 'filler');
  }

  /** Mounts a file system of this size at a folder, a new one if none is given. Undefined, and a line that says so, where the test may not do that. */
  static async mount(t: ExecutionContext, sizeBytes: number, folder?: string): Promise<SmallDisk | undefined> {
    const dir = folder ?? (await mkdtemp(join(tmpdir(), 'kachery-p2p-disk-')));
    const problem = await attempt('mount', ['-t', 'tmpfs', '-o', `size=${String(sizeBytes)},mode=0755`, 'tmpfs', dir]);
    t.teardown(async () => {
      if (problem === undefined) await run('umount', ['--lazy', dir]);
      mounted.delete(dir);
      if (folder === undefined) await rmdir(dir);
    });
    if (problem === undefined) {
      mounted.add(dir);
      return new SmallDisk(dir);
    }
    t.log(`SKIPPED: ${t.title}: it needs a disk of its own, which only root may mount (${problem})`);
    t.pass();
    return undefined;
  }

  /** Writes a file that leaves so many bytes, at most a page less; less, too, if others write meanwhile. */
  async fill(leftBytes: number): Promise<void> {
    await this.free();
    const file = await open(this.fillerPath, 'w');
    try {
      for (let left = await this.availableBytes(); left > leftBytes; left = await this.availableBytes()) {
        await file.write(Buffer.alloc(Math.min(left - leftBytes, fillerPieceBytes)));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  /** Removes that file. */
  async free(): Promise<void> {
    await rm(this.fillerPath, { force: true });
  }

  /** Lets nobody write any more, or everybody again. Fails while a file is open for writing. */
  async become(access: 'ro' | 'rw'): Promise<void> {
    await run('mount', ['-o', `remount,${access}`, this.dir]);
  }

  private async availableBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.dir);
    return bavail * bsize;
  }
}

async function attempt(program: string, words: readonly string[]): Promise<string | undefined> {
  try {
    await run(program, [...words]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim().replaceAll('\n', ' ') : String(error);
  }
}
