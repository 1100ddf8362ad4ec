import { type ContentId } from '../../core/content-id.js';
import { type DirectoryListing, parseDirectoryListing } from '../../core/directory-listing.js';
import { isKacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type DirectoryUri } from '../../core/uri.js';
import { type ReadableFiles } from './reachable-files.js';
import { fileNotFound } from '../../core/file-not-found.js';

/** Reads the listings of directories. It keeps the one that was asked for last: the files of a batch mostly lie in the same directory. */
export class DirectoryListings {
  private last: { readonly id: ContentId; readonly listing: Promise<DirectoryListing> } | undefined;

  constructor(private readonly files: Pick<ReadableFiles, 'readWhole'>) {}

  /** The listing of the directory that a URI names. Fails with `file-not-found` if it is not here, with `too-large` and `content-corrupt`. */
  of(directory: DirectoryUri, uri: string): Promise<DirectoryListing> {
    if (this.last?.id !== directory.id) this.last = { id: directory.id, listing: this.read(directory, uri) };
    return this.last.listing;
  }

  private async read(directory: DirectoryUri, uri: string): Promise<DirectoryListing> {
    try {
      return parseDirectoryListing((await this.files.readWhole(directory.id, limits.maxListingBytes)).toString('utf8'), directory);
    } catch (error) {
      throw isKacheryError(error, 'file-not-found') ? fileNotFound(uri) : error;
    }
  }
}
