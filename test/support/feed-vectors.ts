import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface LayoutPart {
  readonly what: string;
  readonly hex: string;
}

/** What test/vectors/feed.json holds, which Python's tests read too. */
export interface FeedVectors {
  readonly privateKeySeed: string;
  readonly feedId: string;
  readonly subfeedHash: string;
  readonly names: readonly { readonly about: string; readonly nameJson: string; readonly hash: string }[];
  readonly appends: readonly {
    readonly timestampMs: number;
    readonly submitterNodeId: string;
    readonly previousHash: string;
    readonly entries: readonly { readonly position: number; readonly messageHex: string; readonly layout: readonly LayoutPart[]; readonly hash: string }[];
    readonly head: { readonly length: number; readonly layout: readonly LayoutPart[]; readonly signature: string };
  }[];
}

/** The published vectors of the feed format. */
export const feedVectors = JSON.parse(readFileSync(resolve('test/vectors/feed.json'), 'utf8')) as FeedVectors;

/** The bytes of a layout. */
export function layoutBytes(layout: readonly LayoutPart[]): Buffer {
  return Buffer.from(layout.map(({ hex }) => hex).join(''), 'hex');
}

/** The ed25519 private key of a seed of 32 bytes in hexadecimal digits. */
export function privateKeyOfSeed(seed: string): KeyObject {
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}
