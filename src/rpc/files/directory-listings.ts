import { type ContentId } from '../../core/content-id.js';
import { type DirectoryListing, parseDirectoryListing } from '../../core/directory-listing.js';
import { limits } from '../../core/limits.js';
import { type DirectoryUri } from '../../core/uri.js';
import { type ContentAccess } from './content-access.js';

/** Reads the listings of directories. It keeps the one that was asked for last: the files of a batch mostly lie in the same directory. */
export class DirectoryListings {
  private last: { readonly id: ContentId; readonly listing: Promise<DirectoryListing> } | undefined;

  constructor(
    private readonly access: ContentAccess,
    private readonly signal: AbortSignal,
  ) {}

  /** The listing of the directory that a URI names. Fails as ContentAccess.read, with `too-large` and `content-corrupt`. */
  of(directory: DirectoryUri, uri: string): Promise<DirectoryListing> {
    if (this.last?.id !== directory.id) this.last = { id: directory.id, listing: this.read(directory, uri) };
    return this.last.listing;
  }

  private async read(directory: DirectoryUri, uri: string): Promise<DirectoryListing> {
    const listing = await this.access.readWhole({ id: directory.id, uri }, limits.maxListingBytes, this.signal);
    return parseDirectoryListing(listing.toString('utf8'), directory);
  }
}
