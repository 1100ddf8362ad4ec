import { throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { isKacheryError, KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type Manifest, parseManifest } from '../core/manifest.js';
import { type RemoteFile } from '../network/peer.js';
import { type ChunkLayout, layoutOf, undividedLayout } from '../storage/partial/chunk-layout.js';
import { answerInTime } from './answer-in-time.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { type FetchTarget } from './fetch-request.js';
import { type FetchStore } from './fetch-store.js';
import { noteLie, noteSourceFailure } from './note-source-failure.js';
import { readSmall } from './read-small.js';
import { type Source } from './source.js';
import { type SourceBook } from './source-book.js';

/** What choosing a layout works with. */
export interface LayoutParts {
  readonly store: FetchStore;
  readonly book: SourceBook;
  readonly distrusted: DistrustedPeers;
  readonly nowMs: () => number;
  readonly silentMs: number;
  readonly signal: AbortSignal;
  /** Manifests that were found to be of other contents than they say. */
  readonly wrongManifests: ReadonlySet<ContentId>;
}

/**
 * How a content is cut into chunks: as the manifest says that the URI names, or otherwise one that a source names. Nodes may claim different sizes: the manifest
 * of the URI decides, or what most of them claim. Of sources that say something wrong that is noted; undefined if no usable one is left then.
 */
export async function chooseLayout(target: FetchTarget, parts: LayoutParts): Promise<ChunkLayout | undefined> {
  const named = await namedLayout(target, parts);
  if (named) return named;
  for (let group = largestGroup(parts.book); group; group = largestGroup(parts.book)) {
    const [first] = group;
    if (!first) return undefined;
    const { sizeBytes } = first.file;
    const layout = sizeBytes > maxHeldBytes ? await claimedLayout(target.id, group, parts) : undefined;
    if (layout) return layout;
    if (group.some(({ state }) => state === 'usable')) return undividedLayout(target.id, sizeBytes);
  }
  return undefined;
}

/** Content that is small enough to be fetched in memory. */
export const maxHeldBytes = 256 * 1024;

/** The layout of the manifest that the URI names, from here or from any node that has it. */
async function namedLayout({ id, manifestId }: FetchTarget, parts: LayoutParts): Promise<ChunkLayout | undefined> {
  if (manifestId === undefined || parts.wrongManifests.has(manifestId)) return undefined;
  const local = await readLocal(manifestId, parts.store);
  const text = local ?? (await readRemote(manifestId, parts));
  if (text === undefined) return undefined;
  try {
    return layoutOf(parseManifest(text, id), manifestId);
  } catch (error) {
    // Whoever made the URI named something else; the content may be had all the same.
    if (error instanceof KacheryError) return undefined;
    throw error;
  }
}

async function readLocal(manifestId: ContentId, store: FetchStore): Promise<string | undefined> {
  try {
    return (await store.readWhole(manifestId, limits.maxListingBytes)).toString();
  } catch (error) {
    if (error instanceof KacheryError) return undefined;
    throw error;
  }
}

async function readRemote(manifestId: ContentId, { book, ...parts }: LayoutParts): Promise<string | undefined> {
  for (const source of book.sources) {
    const file = book.manifestFiles.get(source.nodeId);
    if (source.state !== 'usable' || !file) continue;
    const text = await readManifest(source, file, parts);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The usable sources that claim the size that most of them claim. */
function largestGroup({ sources }: SourceBook): readonly Source[] | undefined {
  const groups = new Map<number, Source[]>();
  for (const source of sources) {
    if (source.state !== 'usable') continue;
    groups.set(source.file.sizeBytes, [...(groups.get(source.file.sizeBytes) ?? []), source]);
  }
  return [...groups.values()].sort((one, other) => other.length - one.length)[0];
}

/** The layout of the first good manifest that one of the sources names. */
async function claimedLayout(id: ContentId, group: readonly Source[], parts: LayoutParts): Promise<ChunkLayout | undefined> {
  for (const source of group) {
    const { manifestId, sizeBytes } = source.file;
    if (source.state !== 'usable' || manifestId === undefined || parts.wrongManifests.has(manifestId)) continue;
    const text = await claimedManifest(source, manifestId, parts);
    if (text === undefined) continue;
    const manifest = parseClaimed(text, id);
    if (manifest?.size === sizeBytes) return layoutOf(manifest, manifestId);
    noteLie(source, 'it names a manifest that is not of this file', parts.distrusted);
  }
  return undefined;
}

function parseClaimed(text: string, id: ContentId): Manifest | undefined {
  try {
    return parseManifest(text, id);
  } catch (error) {
    if (error instanceof KacheryError) return undefined;
    throw error;
  }
}

/** The manifest that a source names. Of one that it has not got, or that is too large, nothing is held against it. */
async function claimedManifest(source: Source, manifestId: ContentId, parts: LayoutParts): Promise<string | undefined> {
  const local = await readLocal(manifestId, parts.store);
  if (local !== undefined) return local;
  const asking = { timeoutMs: parts.silentMs, signal: parts.signal };
  try {
    const files = await answerInTime((signal) => source.peer.findFiles([manifestId], { signal }), asking);
    const file = files.find((found) => found.id === manifestId);
    return file && (await readManifest(source, file, parts));
  } catch (error) {
    noteManifestFailure(source, error, parts);
    return undefined;
  }
}

/** A source that cannot give the manifest may give the content all the same. */
function noteManifestFailure(source: Source, error: unknown, { signal, distrusted, nowMs }: Omit<LayoutParts, 'book'>): void {
  throwIfCancelled(signal);
  const isAboutManifest = isKacheryError(error, 'file-not-found') || isKacheryError(error, 'content-corrupt');
  if (!isAboutManifest) noteSourceFailure(source, error, { distrusted, nowMs: nowMs() });
}

async function readManifest(source: Source, file: RemoteFile, parts: Omit<LayoutParts, 'book'>): Promise<string | undefined> {
  if (!(file.sizeBytes <= limits.maxListingBytes)) return undefined;
  try {
    return (await readSmall(source.peer, file, { signal: parts.signal, silentMs: parts.silentMs })).toString();
  } catch (error) {
    noteManifestFailure(source, error, parts);
    return undefined;
  }
}
