import { type Page } from '../core/page.js';

/** A key of a mutable: canonical JSON. */
export type MutableKey = string & { readonly __brand: 'MutableKey' };

/** A value under a key. */
export interface MutableEntry {
  readonly key: MutableKey;
  /** JSON, as it was given. */
  readonly valueJson: string;
  /** Grows with each change of any value. */
  readonly version: number;
  readonly updatedAtMs: number;
}

/** What must be there for a change to be made. */
export type MutableExpectation =
  | { readonly kind: 'absent' }
  /** A value with this canonical JSON. */
  | { readonly kind: 'value'; readonly canonical: string }
  | { readonly kind: 'version'; readonly version: number };

/** What became of a key. */
export type MutableChange = { readonly kind: 'set'; readonly entry: MutableEntry } | { readonly kind: 'deleted'; readonly key: MutableKey };

/**
 * Small values under keys. Operations fail with `disk-full`, `storage-not-writable` or `content-corrupt` if the database fails. What has succeeded is on disk.
 */
export interface MutableStore {
  /** Fails with `mutable-not-found`. */
  get(key: MutableKey): Promise<MutableEntry>;
  /** Fails with `mutable-conflict` if what is expected is not there. */
  set(key: MutableKey, valueJson: string, expectation?: MutableExpectation): Promise<MutableEntry>;
  /** Fails with `mutable-not-found` if nothing is there, and with `mutable-conflict`. */
  delete(key: MutableKey, expectation?: MutableExpectation): Promise<void>;
  /** At most `count` entries whose keys begin with `prefix`, behind `after`, ordered by key; fewer if they are large, but one if there is one. */
  list(prefix: string, after: MutableKey | undefined, count: number): Promise<Page<MutableEntry>>;
  /**
   * What is there, if it is wanted, then changes, of each key the latest only, until the signal is aborted. Fails with `too-busy` if very many keys change while
   * nobody takes them.
   */
  watch(prefix: string, options: { readonly withExisting: boolean; readonly signal: AbortSignal }): AsyncIterable<MutableChange>;
}
