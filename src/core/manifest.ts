import { type ByteRange } from './byte-range.js';
import { type ContentId, isContentId } from './content-id.js';
import { KacheryError } from './failure.js';

/** Size of a chunk, in bytes, in the manifests that this program writes; files of this size or less have no manifest. As kachery-p2p 0.8. */
export const chunkSizeBytes = 20_000_000;

/** One chunk of a file and its hash. */
export interface ManifestChunk extends ByteRange {
  readonly sha1: ContentId;
}

/** The chunks that make up a file, each with its hash, so that parts can be verified by themselves. */
export interface Manifest {
  readonly size: number;
  readonly sha1: ContentId;
  readonly chunks: readonly ManifestChunk[];
}

/** Tells whether a file of this size has a manifest. */
export function hasManifest(sizeBytes: number): boolean {
  return sizeBytes > chunkSizeBytes;
}

/** The manifest of a file whose chunks have these hashes, cut every {@link chunkSizeBytes}. */
export function makeManifest(sha1: ContentId, size: number, chunkIds: readonly ContentId[]): Manifest {
  const chunks = chunkIds.map((id, index) => ({ start: index * chunkSizeBytes, end: Math.min((index + 1) * chunkSizeBytes, size), sha1: id }));
  return { size, sha1, chunks };
}

/** The manifest's text, byte for byte as kachery-p2p 0.8 writes it, so that its hash is the same. */
export function formatManifest({ size, sha1, chunks }: Manifest): string {
  return JSON.stringify({ size, sha1, chunks: chunks.map((chunk) => ({ start: chunk.start, end: chunk.end, sha1: chunk.sha1 })) });
}

/**
 * Reads any manifest, whatever its chunk size and spelling. Fails with `content-corrupt` unless it is of the file `id` and its chunks tile the file.
 */
export function parseManifest(text: string, id: ContentId): Manifest {
  const value = parseJson(text, id);
  if (!isRecord(value) || value['sha1'] !== id || !isSize(value['size']) || !Array.isArray(value['chunks'])) {
    throw unusable(id, 'it is not the manifest of this file');
  }
  const chunks: ManifestChunk[] = [];
  let position = 0;
  for (const chunk of value['chunks'] as unknown[]) {
    if (!isRecord(chunk) || chunk['start'] !== position || !isSize(chunk['end']) || chunk['end'] <= position) {
      throw unusable(id, `its chunks do not join at byte ${String(position)}`);
    }
    const sha1 = chunk['sha1'];
    if (typeof sha1 !== 'string' || !isContentId(sha1)) throw unusable(id, `the chunk at byte ${String(position)} has no SHA-1 hash`);
    chunks.push({ start: position, end: chunk['end'], sha1 });
    position = chunk['end'];
  }
  if (position !== value['size']) throw unusable(id, `its chunks end at byte ${String(position)} of ${String(value['size'])}`);
  return { size: value['size'], sha1: id, chunks };
}

function parseJson(text: string, id: ContentId): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(id, 'it is not JSON', error);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function unusable(id: ContentId, problem: string, cause?: unknown): KacheryError {
  return new KacheryError('content-corrupt', `The manifest of sha1://${id} cannot be used: ${problem}.`, { uri: `sha1://${id}` }, { cause });
}
