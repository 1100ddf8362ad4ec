import { type SmallFile, type StoreFileResult, type StoreFilesRequest, type StoreFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { checkLabel } from '../../core/uri.js';
import { type FileStore, type StoreResult } from '../../storage/file-store.js';
import { checkBatch } from './check-batch.js';
import { fileInfo } from './file-info.js';
import { itemError, itemFailure } from './item-error.js';

/** StoreFiles: many small files at once, each with a result of its own. */
export function storeFiles(store: FileStore) {
  return async ({ files }: StoreFilesRequest): Promise<StoreFilesResponse> => {
    checkBatch(files.length, limits.maxBatchFiles, 'files');
    checkBatch(
      files.reduce((sum, { content }) => sum + content.byteLength, 0),
      limits.maxBatchBytes,
      'bytes of content',
    );
    const refused = files.map(refusalOf);
    const accepted = files.filter((_, index) => refused[index] === undefined);
    const stored = (await store.storeSmallFiles(accepted.map(({ content }) => content)))[Symbol.iterator]();
    return { results: files.map(({ label }, index) => resultOf(refused[index] ?? stored.next().value, label)) };
  };
}

function refusalOf({ label }: SmallFile): KacheryError | undefined {
  try {
    checkLabel(label);
    return undefined;
  } catch (error) {
    return itemFailure(error);
  }
}

function resultOf(outcome: StoreResult | KacheryError | undefined, label: string): StoreFileResult {
  if (outcome === undefined) throw new KacheryError('internal', 'The store gave fewer results than it was given files.');
  if (outcome instanceof KacheryError) return { outcome: { $case: 'error', value: itemError(outcome) } };
  return { outcome: { $case: 'file', value: fileInfo(outcome.file, label) } };
}
