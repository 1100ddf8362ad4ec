import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type NodeCalls } from './node-calls.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { type TestNode } from './test-node.js';

/** Size of large contents: more than one chunk, so that there is a manifest, and many pieces. */
export const largeBytes = 21_000_000;
const smallBytes = 5_000;
const batchFiles = 6;

/** Something that a daemon is asked to store, once or again. */
export interface StoreWork {
  readonly contents: readonly Buffer[];
  /** Name of the upload, if it can be continued. */
  readonly uploadId?: string;
  /** Asks for it, and resolves when it is acknowledged. */
  run(calls: NodeCalls): Promise<void>;
}

/** A way to store. */
export interface StoreKind {
  readonly name: string;
  readonly isLarge: boolean;
  /** Something new of this kind; the same for the same number. */
  work(node: TestNode, number: number): Promise<StoreWork>;
}

/** Every way to store a file, large and small. */
export const storeKinds: readonly StoreKind[] = [
  local('a large local file', largeBytes),
  local('a small local file', smallBytes),
  streamed('a large stream', largeBytes),
  streamed('a small stream', smallBytes),
  resumable('a large resumable upload', largeBytes),
  resumable('a small resumable upload', smallBytes),
  {
    name: 'a batch',
    isLarge: false,
    work: async (_node, number) => {
      const contents = Array.from({ length: batchFiles }, (_, index) => new Seeded(`batch ${String(number)} ${String(index)}`).bytes(smallBytes));
      return {
        contents,
        run: async (calls) => {
          await calls.storeFiles(contents);
        },
      };
    },
  },
  {
    name: 'a link',
    isLarge: false,
    work: async (node, number) => {
      const { path, bytes } = await sourceFile(node, `link ${String(number)}`, smallBytes);
      return {
        contents: [bytes],
        run: async (calls) => {
          await calls.linkFile(path);
        },
      };
    },
  },
];

function local(name: string, sizeBytes: number): StoreKind {
  return {
    name,
    isLarge: sizeBytes === largeBytes,
    work: async (node, number) => {
      const { path, bytes } = await sourceFile(node, `${name} ${String(number)}`, sizeBytes);
      return {
        contents: [bytes],
        run: async (calls) => {
          await calls.storeLocalFile(path);
        },
      };
    },
  };
}

function streamed(name: string, sizeBytes: number): StoreKind {
  return {
    name,
    isLarge: sizeBytes === largeBytes,
    work: async (_node, number) => {
      const bytes = new Seeded(`${name} ${String(number)}`).bytes(sizeBytes);
      return {
        contents: [bytes],
        run: async (calls) => {
          await calls.storeFile(bytes);
        },
      };
    },
  };
}

function resumable(name: string, sizeBytes: number): StoreKind {
  return {
    name,
    isLarge: sizeBytes === largeBytes,
    work: async (_node, number) => {
      const bytes = new Seeded(`${name} ${String(number)}`).bytes(sizeBytes);
      const uploadId = sha1Of(Buffer.from(`${name} ${String(number)}`));
      return {
        contents: [bytes],
        uploadId,
        run: async (calls) => {
          await calls.storeResumable(bytes, uploadId);
        },
      };
    },
  };
}

async function sourceFile(node: TestNode, name: string, sizeBytes: number): Promise<{ path: string; bytes: Buffer }> {
  const path = join(node.dir, name.replaceAll(' ', '-'));
  const bytes = new Seeded(name).bytes(sizeBytes);
  await writeFile(path, bytes);
  return { path, bytes };
}
