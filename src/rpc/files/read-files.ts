import { type ReadFileResult, type ReadFilesRequest, type ReadFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from './check-batch.js';
import { checkPart } from './check-part.js';
import { DirectoryListings } from './directory-listings.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { itemError, itemFailure } from './item-error.js';
import { mapInOrder } from './map-in-order.js';
import { type PartContent, resolveUri } from './resolve-uri.js';

/** Each holds at most limits.maxSmallFileBytes. */
const filesInFlight = 8;
const bytesPerResult = 16;

/** ReadFiles: the contents of many small files in the order of the request, as many to a message as fit. */
export function readFiles(store: FileStore) {
  return async function* ({ uris }: ReadFilesRequest, { signal }: CallContext): AsyncGenerator<ReadFilesResponse, void, undefined> {
    checkBatch(uris.length, limits.maxBatchItems, 'URIs');
    const listings = new DirectoryListings(store);
    let results: ReadFileResult[] = [];
    let sizeBytes = 0;
    for await (const result of mapInOrder(uris, filesInFlight, (uri) => readResult(store, uri, listings, signal))) {
      const resultBytes = sizeOf(result);
      if (results.length > 0 && sizeBytes + resultBytes > limits.dataMessageBytes) {
        yield { results };
        [results, sizeBytes] = [[], 0];
      }
      results.push(result);
      sizeBytes += resultBytes;
    }
    if (results.length > 0) yield { results };
  };
}

async function readResult(store: FileStore, uri: string, listings: DirectoryListings, signal: AbortSignal): Promise<ReadFileResult> {
  signal.throwIfAborted();
  try {
    return { outcome: { $case: 'content', value: await readSmall(store, uri, listings, signal) } };
  } catch (error) {
    return { outcome: { $case: 'error', value: itemError(itemFailure(error)) } };
  }
}

async function readSmall(store: FileStore, uri: string, listings: DirectoryListings, signal: AbortSignal): Promise<Buffer> {
  const content = await resolveUri(store, uri, listings);
  if (content.kind === 'part') return readPart(store, content, signal);
  try {
    return await store.readWhole(content.id, limits.maxSmallFileBytes);
  } catch (error) {
    throw isKacheryError(error, 'file-not-found') ? fileNotFound(uri) : error;
  }
}

async function readPart(store: FileStore, part: PartContent, signal: AbortSignal): Promise<Buffer> {
  const sizeBytes = part.range.end - part.range.start;
  if (sizeBytes > limits.maxSmallFileBytes) {
    const [limit, actual] = [String(limits.maxSmallFileBytes), String(sizeBytes)];
    throw new KacheryError('too-large', `The chunk has ${actual} bytes, and ReadFiles reads at most ${limit} of a file. Use ReadFile.`, { limit, actual });
  }
  await checkPart(store, part, signal);
  const pieces: Buffer[] = [];
  for await (const piece of store.read(part.parentId, { ...part.range, signal })) pieces.push(piece);
  return Buffer.concat(pieces);
}

function sizeOf({ outcome }: ReadFileResult): number {
  return bytesPerResult + (outcome?.$case === 'content' ? outcome.value.byteLength : (outcome?.value.message.length ?? 0));
}
