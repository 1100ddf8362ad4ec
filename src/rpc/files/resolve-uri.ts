import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { findInDirectory } from '../../core/directory-listing.js';
import { type ChunkUri, type DirectoryUri, labelFromPath, parseUri } from '../../core/uri.js';
import { type ReadableFiles } from './reachable-files.js';
import { DirectoryListings } from './directory-listings.js';

/** Content that is, or may be, in the store under its own hash. */
export interface WholeContent {
  readonly kind: 'whole';
  readonly id: ContentId;
  readonly label: string;
  /** Of its manifest, if the URI names one. */
  readonly manifestId?: ContentId | undefined;
}

/** Content that is not stored under its own hash, but as the bytes `range` of another file. Nothing is checked yet. */
export interface PartContent {
  readonly kind: 'part';
  readonly id: ContentId;
  readonly label: string;
  readonly parentId: ContentId;
  readonly range: ByteRange;
}

/**
 * Where the content that a URI names is to be looked for. Reads a directory's listing for `sha1dir://`. Fails with `invalid-uri`, with `file-not-found` if a
 * directory or what is named in it is not there, and with `content-corrupt`. Pass the same `listings` for many URIs.
 */
export async function resolveUri(
  files: Pick<ReadableFiles, 'find' | 'readWhole'>,
  uri: string,
  listings = new DirectoryListings(files),
): Promise<WholeContent | PartContent> {
  const parsed = parseUri(uri);
  switch (parsed.kind) {
    case 'file':
      return { kind: 'whole', id: parsed.id, label: parsed.label, manifestId: parsed.manifestId };
    case 'directory':
      return resolveInDirectory(listings, parsed, uri);
    case 'chunk':
      return resolveChunk(files, parsed);
  }
}

async function resolveInDirectory(listings: DirectoryListings, directory: DirectoryUri, uri: string): Promise<WholeContent> {
  const listing = await listings.of(directory, uri);
  return { kind: 'whole', id: findInDirectory(listing, directory), label: labelFromPath(directory.path.at(-1) ?? '') };
}

async function resolveChunk(files: Pick<ReadableFiles, 'find'>, { id, label, parentId, range }: ChunkUri): Promise<WholeContent | PartContent> {
  const isStored = (await files.find(id)) !== undefined;
  return isStored ? { kind: 'whole', id, label } : { kind: 'part', id, label, parentId, range };
}
