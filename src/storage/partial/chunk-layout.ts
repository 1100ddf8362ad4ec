import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { chunkSizeBytes, hasManifest, type Manifest, type ManifestChunk } from '../../core/manifest.js';

/** How a content is cut into chunks that can be verified by themselves. */
export interface ChunkLayout {
  readonly sizeBytes: number;
  /** Of the manifest that says so; absent for a content that is one chunk. */
  readonly manifestId?: ContentId;
  /** Without gaps, from the first byte to the last. */
  readonly chunks: readonly ManifestChunk[];
}

/** The layout of a content that has a manifest. */
export function layoutOf({ size, chunks }: Manifest, manifestId: ContentId): ChunkLayout {
  return { sizeBytes: size, manifestId, chunks };
}

/** The layout of a content that has none: it is verified when it is whole. */
export function undividedLayout(id: ContentId, sizeBytes: number): ChunkLayout {
  return { sizeBytes, chunks: [{ start: 0, end: sizeBytes, sha1: id }] };
}

/** Tells whether the chunks are those of the manifest that this program writes for the content. */
export function isStandard({ sizeBytes, manifestId, chunks }: ChunkLayout): boolean {
  if (manifestId === undefined || !hasManifest(sizeBytes)) return false;
  return chunks.every(({ start, end }, index) => start === index * chunkSizeBytes && end === Math.min(start + chunkSizeBytes, sizeBytes));
}

/** The indices [first, last] of the chunks that a range touches; of an empty range, the chunk at its place. */
export function chunksOf({ chunks }: ChunkLayout, { start, end }: ByteRange): { readonly first: number; readonly last: number } {
  const first = chunkAt(chunks, start);
  return { first, last: end > start ? chunkAt(chunks, end - 1) : first };
}

function chunkAt(chunks: readonly ManifestChunk[], position: number): number {
  let [low, high] = [0, chunks.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunks[middle]?.end ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
