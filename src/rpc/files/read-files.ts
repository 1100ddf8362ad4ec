import { type ReadFileResult, type ReadFilesRequest, type ReadFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type ContentId } from '../../core/content-id.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from './check-batch.js';
import { checkPart } from './check-part.js';
import { DirectoryListings } from './directory-listings.js';
import { itemError, itemFailure } from './item-error.js';
import { mapInOrder } from './map-in-order.js';
import { ReachableFiles, type RemoteFiles } from './reachable-files.js';
import { type PartContent, resolveUri } from './resolve-uri.js';

/** Each holds at most limits.maxSmallFileBytes. */
const filesInFlight = 8;
/** Files that are looked for here before others are asked for those that are not. */
const groupFiles = 1_000;
const bytesPerResult = 16;

/** What one file of a batch came to here: its content, why it cannot be read, or that others may have it. */
type Outcome = Buffer | KacheryError | { readonly missing: ContentId; readonly uri: string; readonly why: KacheryError };

/** ReadFiles: the contents of many small files in the order of the request, as many to a message as fit. */
export function readFiles(store: FileStore, remote: RemoteFiles | undefined) {
  return async function* ({ uris }: ReadFilesRequest, { signal }: CallContext): AsyncGenerator<ReadFilesResponse, void, undefined> {
    checkBatch(uris.length, limits.maxBatchItems, 'URIs');
    const files = new ReachableFiles(store, remote, {}, signal);
    const listings = new DirectoryListings(files);
    let results: ReadFileResult[] = [];
    let sizeBytes = 0;
    for await (const result of readAll(store, files, { uris, listings, signal })) {
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

interface Batch {
  readonly uris: readonly string[];
  readonly listings: DirectoryListings;
  readonly signal: AbortSignal;
}

/** What is here goes out as it is read; from the first file on that is not, a group at a time is asked for elsewhere. */
async function* readAll(store: FileStore, files: ReachableFiles, { uris, listings, signal }: Batch): AsyncGenerator<ReadFileResult, void, undefined> {
  const { elsewhere } = files;
  const readHere = (uri: string): Promise<Outcome> => readSmall(store, files, { uri, listings, signal });
  let held: Outcome[] = [];
  for await (const outcome of mapInOrder(uris, filesInFlight, readHere)) {
    if (held.length === 0 && !isMissing(outcome)) {
      yield resultOf(outcome);
      continue;
    }
    held.push(outcome);
    if (held.length < groupFiles && elsewhere) continue;
    yield* fillIn(files, held, signal);
    held = [];
  }
  yield* fillIn(files, held, signal);
}

async function* fillIn({ elsewhere }: ReachableFiles, outcomes: readonly Outcome[], signal: AbortSignal): AsyncGenerator<ReadFileResult, void, undefined> {
  const ids = outcomes.flatMap((outcome) => (isMissing(outcome) ? [outcome.missing] : []));
  const fetched = elsewhere?.remote.readMany(ids, { sources: elsewhere.sources, signal });
  try {
    for (const outcome of outcomes) {
      if (!isMissing(outcome)) yield resultOf(outcome);
      else if (fetched) yield resultOf(preferred(outcome, (await fetched.next()).value ?? undefined));
      else yield resultOf(outcome.why);
    }
  } finally {
    await fetched?.return();
  }
}

/** If nobody has it, what is wrong with the copy that is here counts. */
function preferred({ why, uri }: Extract<Outcome, { missing: ContentId }>, fetched: Buffer | KacheryError | undefined): Buffer | KacheryError {
  if (fetched === undefined) return why;
  if (!isKacheryError(fetched, 'file-not-found')) return fetched;
  return why.reason === 'file-not-found' ? new KacheryError(fetched.reason, fetched.message, { ...fetched.details, uri }) : why;
}

function isMissing(outcome: Outcome): outcome is Extract<Outcome, { missing: ContentId }> {
  return 'missing' in outcome;
}

function resultOf(outcome: Buffer | KacheryError | Outcome): ReadFileResult {
  if (Buffer.isBuffer(outcome)) return { outcome: { $case: 'content', value: outcome } };
  const failure = outcome instanceof KacheryError ? outcome : outcome.why;
  return { outcome: { $case: 'error', value: itemError(failure) } };
}

interface Item {
  readonly uri: string;
  readonly listings: DirectoryListings;
  readonly signal: AbortSignal;
}

async function readSmall(store: FileStore, files: ReachableFiles, { uri, listings, signal }: Item): Promise<Outcome> {
  signal.throwIfAborted();
  try {
    const content = await resolveUri(files, uri, listings);
    if (content.kind === 'part') return await readPart(files, content, signal);
    return await readWhole(store, content.id, uri);
  } catch (error) {
    return itemFailure(error);
  }
}

async function readWhole(store: FileStore, id: ContentId, uri: string): Promise<Outcome> {
  try {
    return await store.readWhole(id, limits.maxSmallFileBytes);
  } catch (error) {
    if (isKacheryError(error, 'file-not-found')) return { missing: id, uri, why: fileNotFound(uri) };
    if (isKacheryError(error, 'content-corrupt')) return { missing: id, uri, why: error };
    throw error;
  }
}

async function readPart(files: ReachableFiles, part: PartContent, signal: AbortSignal): Promise<Buffer> {
  const sizeBytes = part.range.end - part.range.start;
  if (sizeBytes > limits.maxSmallFileBytes) {
    const [limit, actual] = [String(limits.maxSmallFileBytes), String(sizeBytes)];
    throw new KacheryError('too-large', `The chunk has ${actual} bytes, and ReadFiles reads at most ${limit} of a file. Use ReadFile.`, { limit, actual });
  }
  const pieces: Buffer[] = [];
  await checkPart({ read: (id, options) => kept(files.read(id, options), pieces) }, part, signal);
  return Buffer.concat(pieces);
}

/** What is returned is what was checked. */
async function* kept(source: AsyncIterable<Buffer>, pieces: Buffer[]): AsyncGenerator<Buffer, void, undefined> {
  for await (const piece of source) {
    pieces.push(piece);
    yield piece;
  }
}

function sizeOf({ outcome }: ReadFileResult): number {
  return bytesPerResult + (outcome?.$case === 'content' ? outcome.value.byteLength : (outcome?.value.message.length ?? 0));
}
