import { type ContentId } from '../../core/content-id.js';

/** In place of a size: the store has neither the file nor a link to it. */
export const absent = -1;

/** In place of a size: it has to be looked at in the usual way. */
export const unclear = -2;

/** What is asked about files. */
export interface GlanceOrder {
  readonly kind: 'find' | 'read';
  readonly ids: readonly ContentId[];
}

/** What was seen of the first of the files, in their order. */
export interface GlanceReport {
  /** Bytes of each, or {@link absent} or {@link unclear}. */
  readonly sizes: readonly number[];
  /** The contents that were read, verified, one behind the other. */
  readonly contents: Uint8Array<ArrayBuffer>;
}
