import { createHash } from 'node:crypto';

import { type ContentId, parseContentId } from '../../src/core/content-id.js';
import { formatManifest, type Manifest } from '../../src/core/manifest.js';
import { type ChunkLayout, layoutOf } from '../../src/storage/partial/chunk-layout.js';

/** The content id of bytes. */
export function idOf(bytes: Uint8Array): ContentId {
  return parseContentId(createHash('sha1').update(bytes).digest('hex'));
}

/** A manifest of a content, cut every so many bytes. */
export function manifestOf(content: Uint8Array, chunkBytes: number): Manifest {
  const starts = Array.from({ length: Math.ceil(content.byteLength / chunkBytes) }, (_, index) => index * chunkBytes);
  const chunks = starts.map((start) => {
    const bytes = content.subarray(start, start + chunkBytes);
    return { start, end: start + bytes.byteLength, sha1: idOf(bytes) };
  });
  return { size: content.byteLength, sha1: idOf(content), chunks };
}

/** The bytes of a manifest. */
export function manifestBytes(manifest: Manifest): Buffer {
  return Buffer.from(formatManifest(manifest));
}

/** How a content is cut, every so many bytes. */
export function layoutEvery(content: Uint8Array, chunkBytes: number): ChunkLayout {
  const manifest = manifestOf(content, chunkBytes);
  return layoutOf(manifest, idOf(manifestBytes(manifest)));
}
