import { type FileStore } from '../storage/file-store.js';
import { type PartialFiles } from '../storage/partial/partial-files.js';

/** Where fetched content goes. */
export interface FetchStore extends FileStore {
  readonly partials: PartialFiles;
}
