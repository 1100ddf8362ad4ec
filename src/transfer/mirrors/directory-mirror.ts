import { throwIfCancelled } from '../../core/cancellation.js';
import { type ContentId } from '../../core/content-id.js';
import { type DirectoryListing, parseDirectoryListing } from '../../core/directory-listing.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { filesInDirectory, type ListedFile } from '../../core/files-in-directory.js';
import { limits } from '../../core/limits.js';
import { mapAhead } from '../map-ahead.js';
import { type FileKeeper } from './file-keeper.js';
import { type MirrorAmount } from './mirror-facts.js';
import { type MirrorTarget } from './mirror-target.js';
import { type MirrorTimes } from './mirror-times.js';
import { type MirrorOutcome, type MirrorWork } from './mirror-work.js';
import { noAmount } from './no-amount.js';

/** What was made of one file. */
interface Kept {
  readonly sizeBytes: number;
  readonly failure?: KacheryError;
}

/** Keeps all files that a directory's listing names here, and the listing. */
export class DirectoryMirror implements MirrorWork {
  amount: MirrorAmount = noAmount;
  private readonly fetching = new Set<ContentId>();

  constructor(
    private readonly target: MirrorTarget & { readonly kind: 'directory' },
    private readonly keeper: FileKeeper,
    private readonly times: MirrorTimes,
  ) {}

  get isFetching(): boolean {
    return this.fetching.size > 0;
  }

  /** One file that cannot be had does not keep the others away. */
  async bring(signal: AbortSignal): Promise<MirrorOutcome> {
    const { directory, uri } = this.target;
    await this.keep({ id: directory.id, path: '', sizeBytes: 0 }, signal);
    const listing = parseDirectoryListing(await this.keeper.readText(directory.id, limits.maxListingBytes), directory);
    const { files, sizeBytes } = this.measure(listing);
    const wasComplete = this.amount.files > 0 && this.amount.loadedFiles === this.amount.files;
    let [loadedFiles, loadedBytes] = [0, 0];
    let first: { readonly path: string; readonly failure: KacheryError } | undefined;
    const note = (): void => {
      this.amount = { ...noAmount, files, sizeBytes: Math.max(sizeBytes, loadedBytes), loadedFiles, loadedBytes };
    };
    const keepOne = async (file: ListedFile): Promise<Kept & { readonly path: string }> => ({ ...(await this.keepOrFail(file, signal)), path: file.path });
    for await (const { failure, path, sizeBytes: keptBytes } of mapAhead(filesInDirectory(listing, directory), limits.maxMirrorLoads, keepOne)) {
      if (failure) first ??= { path, failure };
      else [loadedFiles, loadedBytes] = [loadedFiles + 1, loadedBytes + keptBytes];
      // What was all here is not told to be missing while it is looked through.
      if (!wasComplete || first) note();
    }
    note();
    if (first) throw incomplete(uri, { ...first, missing: files - loadedFiles, files });
    return { isComplete: true, againMs: this.times.checkMs + files * this.times.checkMsPerFile };
  }

  close(): void {
    // Nothing goes on between two tries.
  }

  private measure(listing: DirectoryListing): { files: number; sizeBytes: number } {
    const sum = { files: 0, sizeBytes: 0 };
    for (const { sizeBytes } of filesInDirectory(listing, this.target.directory)) {
      sum.files += 1;
      sum.sizeBytes += sizeBytes;
    }
    return sum;
  }

  /** Without room, or time, the other files need not be tried. */
  private async keepOrFail(file: ListedFile, signal: AbortSignal): Promise<Kept> {
    throwIfCancelled(signal);
    try {
      return await this.keep(file, signal);
    } catch (error) {
      throwIfCancelled(signal);
      if (!isKacheryError(error) || isKacheryError(error, 'disk-full') || isKacheryError(error, 'storage-not-writable')) throw error;
      return { sizeBytes: 0, failure: error };
    }
  }

  private async keep({ id }: ListedFile, signal: AbortSignal): Promise<Kept> {
    try {
      const onProgress = (): void => void this.fetching.add(id);
      const { sizeBytes } = await this.keeper.keep({ id }, { signal, onProgress });
      return { sizeBytes };
    } finally {
      this.fetching.delete(id);
    }
  }
}

function incomplete(
  uri: string,
  { path, failure, missing, files }: { readonly path: string; readonly failure: KacheryError; readonly missing: number; readonly files: number },
): KacheryError {
  const message = `${String(missing)} of the ${String(files)} files of ${uri} could not be had. The first is ${JSON.stringify(path)}: ${failure.message}`;
  return new KacheryError(failure.reason, message, { uri }, { cause: failure });
}
