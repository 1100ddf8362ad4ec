/** Messages that are appended together, and which ones they are of those that the command was given. */
export interface MessageBatch {
  /** JSON texts in UTF-8. */
  readonly messages: readonly Uint8Array[];
  /** Number of the first one, or of its line, counted from 1. */
  readonly first: number;
  readonly last: number;
}
