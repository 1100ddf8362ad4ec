import { type ReadFileResult, type ReadFilesRequest, type ReadFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { limits } from '../../core/limits.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from './check-batch.js';
import { ContentAccess, type ContentSources } from './content-access.js';
import { itemError, itemFailure } from './item-error.js';
import { mapInOrder } from './map-in-order.js';
import { SmallContents } from './small-contents.js';

/** Each holds at most limits.maxSmallFileBytes. */
const filesInFlight = 8;
const bytesPerResult = 16;
/** URIs of which is looked up together what is not here. */
const urisAtATime = 1_000;

/** ReadFiles: the contents of many small files in the order of the request, as many to a message as fit. */
export function readFiles(sources: ContentSources) {
  return async function* ({ uris }: ReadFilesRequest, { signal }: CallContext): AsyncGenerator<ReadFilesResponse, void, undefined> {
    checkBatch(uris.length, limits.maxBatchItems, 'URIs');
    let results: ReadFileResult[] = [];
    let sizeBytes = 0;
    for await (const result of allResults(sources, uris, signal)) {
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

async function* allResults(sources: ContentSources, uris: readonly string[], signal: AbortSignal): AsyncGenerator<ReadFileResult, void, undefined> {
  const access = new ContentAccess(sources, {});
  for (let from = 0; from < uris.length; from += urisAtATime) {
    const contents = new SmallContents(access, uris.slice(from, from + urisAtATime), signal);
    try {
      yield* mapInOrder(await contents.resolve(), filesInFlight, (read) => resultOf(read, signal));
    } finally {
      await contents.close();
    }
  }
}

async function resultOf(read: () => Promise<Buffer>, signal: AbortSignal): Promise<ReadFileResult> {
  signal.throwIfAborted();
  try {
    return { outcome: { $case: 'content', value: await read() } };
  } catch (error) {
    return { outcome: { $case: 'error', value: itemError(itemFailure(error)) } };
  }
}

function sizeOf({ outcome }: ReadFileResult): number {
  return bytesPerResult + (outcome?.$case === 'content' ? outcome.value.byteLength : (outcome?.value.message.length ?? 0));
}
