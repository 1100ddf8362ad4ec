import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** What test/vectors/uris.json holds: results of the original system, which Python's tests read too. */
export interface PublishedVectors {
  readonly text: readonly { readonly text: string; readonly uri: string }[];
  readonly json: readonly { readonly value: unknown; readonly text: string; readonly uri: string }[];
  readonly npy: readonly { readonly array: readonly (readonly number[])[]; readonly dtype: string; readonly uri: string }[];
  readonly files: readonly { readonly gen: number; readonly uri: string; readonly manifest?: string }[];
  readonly ranges: {
    readonly content: string;
    readonly cases: readonly { readonly start: number; readonly end: number | null; readonly bytes?: string; readonly error?: true }[];
  };
}

/** The published vectors. */
export const publishedVectors = JSON.parse(readFileSync(resolve('test/vectors/uris.json'), 'utf8')) as PublishedVectors;

/** The content that the vectors call gen(n): the first `sizeBytes` bytes of the SHA-256 hashes of "0", "1", "2" and so on. */
export function vectorBytes(sizeBytes: number): Buffer {
  for (; made.length * 32 < sizeBytes;) made.push(createHash('sha256').update(String(made.length)).digest());
  return Buffer.concat(made.slice(0, Math.ceil(sizeBytes / 32)), sizeBytes);
}

const made: Buffer[] = [];
