import { type ReadFileResult, type ReadFilesRequest, type ReadFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type ContentId } from '../../core/content-id.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { inGroups } from '../../core/in-groups.js';
import { limits } from '../../core/limits.js';
import { mapInOrder } from '../../core/map-in-order.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from './check-batch.js';
import { checkPart } from './check-part.js';
import { DirectoryListings } from './directory-listings.js';
import { itemError, itemFailure } from './item-error.js';
import { messageBounds } from './message-bounds.js';
import { ReachableFiles, type RemoteFiles } from './reachable-files.js';
import { type PartContent, resolveUri, type WholeContent } from './resolve-uri.js';

/** URIs that are understood at a time, which can mean to read a directory's listing. */
const urisInFlight = 8;

/** What a URI asks for. */
interface Asked<Content extends WholeContent | PartContent = WholeContent | PartContent> {
  readonly uri: string;
  readonly content: Content;
}

/** The content of a file, why it cannot be read, or undefined if it is not there. */
type Outcome = Buffer | KacheryError | undefined;

/** ReadFiles: the contents of many small files in the order of the request, as many to a message as fit. */
export function readFiles(store: FileStore, remote: RemoteFiles | undefined) {
  return async function* ({ uris }: ReadFilesRequest, { signal }: CallContext): AsyncGenerator<ReadFilesResponse, void, undefined> {
    checkBatch(uris.length, limits.maxBatchItems, 'URIs');
    const files = new ReachableFiles(store, remote, {}, signal);
    for await (const outcomes of inGroups(readAll(store, files, { uris, signal }), messageBounds)) yield { results: outcomes.map(resultOf) };
  };
}

interface Batch {
  readonly uris: readonly string[];
  readonly signal: AbortSignal;
}

/** What is not here is asked for elsewhere all at once, and comes while what is here is read. */
async function* readAll(store: FileStore, files: ReachableFiles, { uris, signal }: Batch): AsyncGenerator<Buffer | KacheryError, void, undefined> {
  const all = await understandAll(files, { uris, signal });
  const ids = all.flatMap((asked) => (isWhole(asked) ? [asked.content.id] : []));
  const isHere = (await store.findMany(ids, { signal })).map((file) => file !== undefined);
  const here = store.readMany(
    ids.filter((_, position) => isHere[position]),
    { signal },
  );
  const elsewhere = fetchMany(
    files,
    ids.filter((_, position) => !isHere[position]),
    signal,
  );
  let position = 0;
  try {
    for (const asked of all) {
      if (asked instanceof KacheryError) yield asked;
      else if (!isWhole(asked)) yield await readPart(files, asked, signal);
      else if (isHere[position++]) yield await orElsewhere(files, asked, { here: await nextOf(here), signal });
      else yield await orHere(store, asked, await nextOf(elsewhere));
    }
  } finally {
    await Promise.all([here.return(), elsewhere.return()]);
  }
}

async function understandAll(files: ReachableFiles, { uris, signal }: Batch): Promise<(Asked | KacheryError)[]> {
  const listings = new DirectoryListings(files);
  const understand = async (uri: string): Promise<Asked | KacheryError> => {
    signal.throwIfAborted();
    return resolveUri(files, uri, listings).then((content) => ({ uri, content }), itemFailure);
  };
  const all: (Asked | KacheryError)[] = [];
  for await (const asked of mapInOrder(uris, urisInFlight, understand)) all.push(asked);
  return all;
}

function isWhole(asked: Asked | KacheryError): asked is Asked<WholeContent> {
  return !(asked instanceof KacheryError) && asked.content.kind === 'whole';
}

async function* fetchMany({ elsewhere }: ReachableFiles, ids: readonly ContentId[], signal: AbortSignal): AsyncGenerator<Outcome, void, undefined> {
  if (elsewhere && ids.length > 0) yield* elsewhere.remote.readMany(ids, { sources: elsewhere.sources, signal });
}

async function nextOf(outcomes: AsyncGenerator<Outcome, void, undefined>): Promise<Outcome> {
  return (await outcomes.next()).value ?? undefined;
}

/** What was here a moment ago, and is gone or damaged, others may have. */
async function orElsewhere(
  files: ReachableFiles,
  { uri, content: { id } }: Asked<WholeContent>,
  { here, signal }: { readonly here: Outcome; readonly signal: AbortSignal },
): Promise<Buffer | KacheryError> {
  if (here !== undefined && !isKacheryError(here, 'content-corrupt')) return here;
  const fetched = fetchMany(files, [id], signal);
  try {
    return preferred(uri, here, await nextOf(fetched));
  } finally {
    await fetched.return();
  }
}

/** If nobody else has a file, it is looked at here again: what is wrong with a copy counts. */
async function orHere(store: FileStore, { uri, content: { id } }: Asked<WholeContent>, fetched: Outcome): Promise<Buffer | KacheryError> {
  if (fetched !== undefined && !isKacheryError(fetched, 'file-not-found')) return fetched;
  const here = store.readMany([id]);
  try {
    return preferred(uri, await nextOf(here), fetched);
  } finally {
    await here.return();
  }
}

function preferred(uri: string, here: Outcome, fetched: Outcome): Buffer | KacheryError {
  if (Buffer.isBuffer(here)) return here;
  if (fetched !== undefined && !isKacheryError(fetched, 'file-not-found')) return fetched;
  return here ?? (fetched ? new KacheryError(fetched.reason, fetched.message, { ...fetched.details, uri }) : fileNotFound(uri));
}

function resultOf(outcome: Buffer | KacheryError): ReadFileResult {
  if (Buffer.isBuffer(outcome)) return { outcome: { $case: 'content', value: outcome } };
  return { outcome: { $case: 'error', value: itemError(outcome) } };
}

async function readPart(files: ReachableFiles, { content }: Asked, signal: AbortSignal): Promise<Buffer | KacheryError> {
  try {
    return await readSmallPart(files, content as PartContent, signal);
  } catch (error) {
    return itemFailure(error);
  }
}

async function readSmallPart(files: ReachableFiles, part: PartContent, signal: AbortSignal): Promise<Buffer> {
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
