import { join } from 'node:path';
import { type ContentId } from '../core/content-id.js';

/** Where things are in a storage directory. The tree under `sha1` is that of kachery-p2p 0.8. */
export class StorageLayout {
  constructor(readonly dir: string) {}

  /** Root of the content tree. */
  get contentDir(): string {
    return join(this.dir, 'sha1');
  }

  /** Content that is being written; on the same file system as the tree, so that a rename publishes it. */
  get temporaryDir(): string {
    return join(this.dir, 'tmp');
  }

  /** Uploads that can be continued. */
  get uploadsDir(): string {
    return join(this.dir, 'uploads');
  }

  /** Files of which other nodes have sent a part. */
  get partialDir(): string {
    return join(this.dir, 'partial');
  }

  /** Batches of small files that are acknowledged and not yet known to be durable one by one. */
  get journalDir(): string {
    return join(this.dir, 'journal');
  }

  /** Files whose bytes are not what their name says. */
  get quarantineDir(): string {
    return join(this.dir, 'quarantine');
  }

  /** The folders that lead to a content's file, outermost first. */
  contentFolders(id: ContentId): readonly [string, string, string] {
    const outer = join(this.contentDir, id.slice(0, 2));
    const middle = join(outer, id.slice(2, 4));
    return [outer, middle, join(middle, id.slice(4, 6))];
  }

  /** Where a content's bytes are. */
  contentPath(id: ContentId): string {
    return join(this.contentDir, id.slice(0, 2), id.slice(2, 4), id.slice(4, 6), id);
  }

  /** Where the record of a linked file is. */
  linkPath(id: ContentId): string {
    return `${this.contentPath(id)}.link`;
  }
}
