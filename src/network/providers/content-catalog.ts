import { type RecordedId } from './record-key.js';

/** What this node has, and what is new. */
export interface ContentCatalog {
  /** All that is here, a page at a time; what comes or goes meanwhile may be among it or not. */
  pages(): AsyncIterable<readonly RecordedId[]>;

  /** Calls `onNew` for each content that comes, until the function that it returns is called. */
  watch(onNew: (id: RecordedId) => void): () => void;
}
