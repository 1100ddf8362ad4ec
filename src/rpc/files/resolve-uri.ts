import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { findInDirectory } from '../../core/directory-listing.js';
import { type ChunkUri, type DirectoryUri, labelFromPath, parseUri } from '../../core/uri.js';
import { type ContentAccess, type NamedContent } from './content-access.js';
import { DirectoryListings } from './directory-listings.js';

/** Content that is, or may be, in the store under its own hash. */
export interface WholeContent {
  readonly kind: 'whole';
  readonly id: ContentId;
  readonly label: string;
  /** Of the manifest that the URI names. */
  readonly manifestId?: ContentId;
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
 * Where the content that a URI names is to be looked for. Reads a directory's listing for `sha1dir://`. Fails with `invalid-uri`, with `file-not-found` if what
 * is named in a directory is not there, and as ContentAccess.read for the listing. Pass the same `listings` for many URIs.
 */
export async function resolveUri(
  access: ContentAccess,
  uri: string,
  signal: AbortSignal,
  listings = new DirectoryListings(access, signal),
): Promise<WholeContent | PartContent> {
  const parsed = parseUri(uri);
  switch (parsed.kind) {
    case 'file':
      return { kind: 'whole', id: parsed.id, label: parsed.label, ...(parsed.manifestId && { manifestId: parsed.manifestId }) };
    case 'directory':
      return resolveInDirectory(listings, parsed, uri);
    case 'chunk':
      return resolveChunk(access, parsed);
  }
}

async function resolveInDirectory(listings: DirectoryListings, directory: DirectoryUri, uri: string): Promise<WholeContent> {
  const listing = await listings.of(directory, uri);
  return { kind: 'whole', id: findInDirectory(listing, directory), label: labelFromPath(directory.path.at(-1) ?? '') };
}

async function resolveChunk(access: ContentAccess, { id, label, parentId, range }: ChunkUri): Promise<WholeContent | PartContent> {
  const isStored = await access.isHere(id);
  return isStored ? { kind: 'whole', id, label } : { kind: 'part', id, label, parentId, range };
}

/** The content that a part is in. */
export function parentOf({ id, parentId, range }: PartContent): NamedContent {
  return { id: parentId, uri: `sha1://${id}?chunkOf=${parentId}~${String(range.start)}~${String(range.end)}` };
}
