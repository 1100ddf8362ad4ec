import { type CallOptions } from './call-options.js';

/** A key and its value, both any JSON value. */
export interface Mutable {
  readonly key: unknown;
  readonly value: unknown;
  /** The value as the JSON text that was given, with every digit of its numbers. */
  readonly valueJson: string;
  /** Grows with each change of any value on the node, so that no two changes have the same. */
  readonly version: bigint;
  readonly updatedAt: Date;
}

/** What must be there for a change to be made: nothing, a value that is equal as JSON, or the value of a version. */
export type MutableExpectation = { readonly absent: true } | { readonly value: unknown } | { readonly version: bigint };

/** Options of a change; with `expected` it fails with `mutable-conflict` if something else is there. */
export interface ChangeMutableOptions extends CallOptions {
  readonly expected?: MutableExpectation | undefined;
}

/**
 * Which keys: those whose canonical JSON begins with `keyJsonPrefix`, such as `"job` or `["job",`; all if it is left out. It is compared as a text, so it must be
 * as canonical JSON is: without white space outside of texts, members in the order of their names. Only characters beyond ASCII may stand as they are.
 */
export interface SelectMutablesOptions extends CallOptions {
  readonly keyJsonPrefix?: string | undefined;
}

/** Options of watching; `withExisting` begins with what is there already. */
export interface WatchMutablesOptions extends SelectMutablesOptions {
  readonly withExisting?: boolean | undefined;
}

/** What a key came to have, or that it has no value any more. */
export type MutableChange = { readonly kind: 'set'; readonly mutable: Mutable } | { readonly kind: 'deleted'; readonly key: unknown };

/** Small values under keys, on the node only. Keys that are equal as JSON are the same key. Offline each method fails with `offline`. */
export interface Mutables {
  /** The value of a key; undefined if it has none. */
  get(key: unknown, options?: CallOptions): Promise<Mutable | undefined>;
  /** Gives a key a value, and resolves when it is on disk. Fails with `mutable-conflict`. */
  set(key: unknown, value: unknown, options?: ChangeMutableOptions): Promise<Mutable>;
  /** Takes the value of a key away; false if it had none. Fails with `mutable-conflict`. */
  delete(key: unknown, options?: ChangeMutableOptions): Promise<boolean>;
  /** Keys and values, ordered by the canonical JSON of the keys. */
  list(options?: SelectMutablesOptions): AsyncIterable<Mutable>;
  /** Changes as they are made, until aborted. A slow reader hears of the latest state of each key only. Goes on when the daemon is back within a minute. */
  watch(options?: WatchMutablesOptions): AsyncIterable<MutableChange>;
}
