import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { type ExecutionContext } from 'ava';

import { type StorageLayout } from '../../src/storage/layout.js';
import { parseLinkRecord } from '../../src/storage/link-record.js';

/** Looks at storage directories from outside, as any other program does. Each file is hashed once. */
export class StorageState {
  private readonly good = new Set<string>();

  constructor(
    private readonly t: ExecutionContext,
    private readonly layout: StorageLayout,
  ) {}

  /** Checks that everything that is there under a content's name is whole, and that nothing else is left. Resolves with the SHA-1s that are there. */
  async check(when: string): Promise<Set<string>> {
    const stored = new Set<string>();
    for (const path of await this.contentFiles()) {
      const name = basename(path);
      if (name.endsWith('.link')) this.t.truthy(parseLinkRecord(await readFile(path, 'utf8')), `${when}: the link ${name} is whole`);
      else {
        if (!this.good.has(name)) this.t.is(await sha1OfFile(path), name, `${when}: what is stored is whole`);
        this.good.add(name);
        stored.add(name);
      }
    }
    this.t.deepEqual(await readdir(this.layout.temporaryDir), [], `${when}: no temporary file is left`);
    return stored;
  }

  /** Names of what is kept of interrupted uploads. */
  async uploads(): Promise<string[]> {
    return (await readdir(this.layout.uploadsDir)).sort();
  }

  /** Names of the journals of batches. */
  async journals(): Promise<string[]> {
    return readdir(this.layout.journalDir);
  }

  private async contentFiles(): Promise<string[]> {
    const entries = await readdir(this.layout.contentDir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  }
}

async function sha1OfFile(path: string): Promise<string> {
  const hash = createHash('sha1');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}
