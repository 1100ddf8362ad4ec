import { createCipheriv } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { LocalStorage, type LocalStorageOptions } from '../../src/storage/local-storage.js';

/** A new folder that is removed when the test ends. */
export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kachery-p2p-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A store in a folder of its own, closed and removed when the test ends. */
export async function temporaryStorage(t: ExecutionContext, options: Partial<LocalStorageOptions> = {}): Promise<LocalStorage> {
  return openStorage(t, await temporaryFolder(t), options);
}

/** A store on a folder, closed when the test ends. */
export async function openStorage(t: ExecutionContext, dir: string, options: Partial<LocalStorageOptions> = {}): Promise<LocalStorage> {
  const storage = await LocalStorage.open(dir, { role: 'daemon', ...options });
  t.teardown(() => storage.close());
  return storage;
}

/** `sizeBytes` bytes that do not repeat and that everybody can make again: the key stream of AES-128 in counter mode with a key of zeros. */
export function generatedBytes(sizeBytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** Everything that a stream of pieces brings. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(Uint8Array.from(piece));
  return Buffer.concat(all);
}
