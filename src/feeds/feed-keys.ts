import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';

const rawKeyBytes = 32;
const maxLoaded = 1_000;

/** The private keys of this node's feeds, a PEM file each that nobody but the owner can read. They leave this process nowhere. */
export class FeedKeys {
  private readonly loaded = new Map<FeedId, KeyObject>();

  private constructor(private readonly dir: string) {}

  /** The keys in a folder, which is made if it is not there. Fails with `path-not-permitted`. */
  static async open(dir: string): Promise<FeedKeys> {
    const keys = new FeedKeys(dir);
    await keys.attempt(dir, () => mkdir(dir, { recursive: true, mode: 0o700 }));
    return keys;
  }

  /** Makes a key and resolves, when it is on disk, with the id of the feed that it is for. Fails with `path-not-permitted`. */
  async make(): Promise<FeedId> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const id = publicKey.export({ format: 'der', type: 'spki' }).subarray(-rawKeyBytes).toString('hex') as FeedId;
    await this.attempt(this.pathOf(id), () => this.write(id, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()));
    this.remember(id, privateKey);
    return id;
  }

  /** The key of a feed, if it was used of late. */
  loadedKey(id: FeedId): KeyObject | undefined {
    return this.loaded.get(id);
  }

  /** The key of a feed. Fails with `path-not-permitted` if it cannot be read, or others can read it, and with `content-corrupt` if it is missing or no key. */
  async get(id: FeedId): Promise<KeyObject> {
    const path = this.pathOf(id);
    const key = parseKey(await this.attempt(path, () => readPrivate(path)), path);
    this.remember(id, key);
    return key;
  }

  /** Removes a key, if it is there. Fails with `path-not-permitted`. */
  async remove(id: FeedId): Promise<void> {
    this.loaded.delete(id);
    await this.attempt(this.pathOf(id), async () => {
      await unlink(this.pathOf(id)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
      await syncFolder(this.dir);
    });
  }

  private async write(id: FeedId, pem: string): Promise<void> {
    const file = await open(this.pathOf(id), 'wx', 0o600);
    try {
      await file.writeFile(pem);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(this.dir);
  }

  private remember(id: FeedId, key: KeyObject): void {
    if (this.loaded.size >= maxLoaded) this.loaded.delete(this.loaded.keys().next().value ?? id);
    this.loaded.set(id, key);
  }

  private pathOf(id: FeedId): string {
    return join(this.dir, `${id}.pem`);
  }

  private async attempt<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KacheryError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      throw new KacheryError(
        'path-not-permitted',
        `The private key ${path} cannot be used: ${text}. Check the rights of its folder.`,
        { path },
        { cause: error },
      );
    }
  }
}

async function readPrivate(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? keyMissing(path, error) : error;
  });
  try {
    const rights = (await file.stat()).mode & 0o777;
    if ((rights & 0o077) === 0) return await file.readFile('utf8');
    throw new KacheryError(
      'path-not-permitted',
      `Other users can read or write the private key ${path}, so it may be known to them. If it is not, run "chmod 600 ${path}"; otherwise begin a new feed.`,
      { path },
    );
  } finally {
    await file.close();
  }
}

function keyMissing(path: string, cause: unknown): KacheryError {
  const problem = `The private key ${path} is missing. Put it back from a copy; without it nobody can append to the feed.`;
  return new KacheryError('content-corrupt', problem, { path }, { cause });
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const problem = `${path} does not hold a private key. Put it back from a copy; without it nobody can append to the feed.`;
    throw new KacheryError('content-corrupt', problem, { path }, { cause: error });
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
