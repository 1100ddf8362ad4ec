import { throwIfCancelled } from '../../core/cancellation.js';
import { type ContentId } from '../../core/content-id.js';
import { parseDirectoryListing } from '../../core/directory-listing.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { filesInDirectory, type ListedFile } from '../../core/files-in-directory.js';
import { limits } from '../../core/limits.js';
import { mapInOrder } from '../../core/map-in-order.js';
import { type Slots } from '../../network/link/slots.js';
import { ContentIdList } from './content-id-list.js';
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

/** What a listing says, without the names. */
interface Contents {
  readonly ids: ContentIdList;
  readonly files: number;
  readonly sizeBytes: number;
}

/** What directories are kept with. */
export interface DirectoryMirrorParts {
  readonly keeper: FileKeeper;
  /** How many listings are in memory at a time, of all mirrors. */
  readonly listingSlots: Slots;
  /** How many directories are gone through at a time, of all mirrors. */
  readonly walkSlots: Slots;
}

/** Keeps all files that a directory's listing names here, and the listing. */
export class DirectoryMirror implements MirrorWork {
  amount: MirrorAmount = noAmount;
  private readonly fetching = new Set<ContentId>();

  constructor(
    private readonly target: MirrorTarget & { readonly kind: 'directory' },
    private readonly parts: DirectoryMirrorParts,
    private readonly times: MirrorTimes,
  ) {}

  get isFetching(): boolean {
    return this.fetching.size > 0;
  }

  /** One file that cannot be had does not keep the others away. */
  async bring(signal: AbortSignal): Promise<MirrorOutcome> {
    await this.keep(this.target.directory.id, signal);
    return this.parts.walkSlots.use(() => this.walk(signal));
  }

  close(): void {
    // Nothing goes on between two tries.
  }

  private async walk(signal: AbortSignal): Promise<MirrorOutcome> {
    const { ids, files, sizeBytes } = await this.withListing(signal, contentsOf);
    const wasComplete = this.amount.files > 0 && this.amount.loadedFiles === this.amount.files;
    let [loadedFiles, loadedBytes, position] = [0, 0, 0];
    let first: { readonly position: number; readonly failure: KacheryError } | undefined;
    const note = (): void => {
      this.amount = { ...noAmount, files, sizeBytes: Math.max(sizeBytes, loadedBytes), loadedFiles, loadedBytes };
    };
    for await (const { failure, sizeBytes: keptBytes } of mapInOrder(ids, limits.maxMirrorLoads, (id) => this.keepOrFail(id, signal))) {
      if (failure) first ??= { position, failure };
      else [loadedFiles, loadedBytes] = [loadedFiles + 1, loadedBytes + keptBytes];
      position += 1;
      // What was all here is not told to be missing while it is looked through.
      if (!wasComplete || first) note();
    }
    note();
    if (first) throw await this.incomplete(first, { missing: files - loadedFiles, files }, signal);
    return { isComplete: true, againMs: this.times.checkMs + files * this.times.checkMsPerFile };
  }

  /** What is made of the files that the listing names. A listing takes many times its size once it is parsed, so it is let go of then. */
  private async withListing<Result>(signal: AbortSignal, use: (files: () => Iterable<ListedFile>) => Result): Promise<Result> {
    return this.parts.listingSlots.use(async () => {
      throwIfCancelled(signal);
      const { directory } = this.target;
      const listing = parseDirectoryListing(await this.parts.keeper.readText(directory.id, limits.maxListingBytes), directory);
      return use(() => filesInDirectory(listing, directory));
    });
  }

  /** Without room, or time, the other files need not be tried. */
  private async keepOrFail(id: ContentId, signal: AbortSignal): Promise<Kept> {
    throwIfCancelled(signal);
    try {
      return await this.keep(id, signal);
    } catch (error) {
      throwIfCancelled(signal);
      if (!isKacheryError(error) || isKacheryError(error, 'disk-full') || isKacheryError(error, 'storage-not-writable')) throw error;
      return { sizeBytes: 0, failure: error };
    }
  }

  private async keep(id: ContentId, signal: AbortSignal): Promise<Kept> {
    try {
      const onProgress = (): void => void this.fetching.add(id);
      const { sizeBytes } = await this.parts.keeper.keep({ id }, { signal, onProgress });
      return { sizeBytes };
    } finally {
      this.fetching.delete(id);
    }
  }

  private async incomplete(
    { position, failure }: { readonly position: number; readonly failure: KacheryError },
    { missing, files }: { readonly missing: number; readonly files: number },
    signal: AbortSignal,
  ): Promise<KacheryError> {
    const { uri } = this.target;
    const path = await this.withListing(signal, (listed) => pathAt(listed(), position));
    const message = `${String(missing)} of the ${String(files)} files of ${uri} could not be had. The first is ${JSON.stringify(path)}: ${failure.message}`;
    return new KacheryError(failure.reason, message, { uri }, { cause: failure });
  }
}

function contentsOf(listed: () => Iterable<ListedFile>): Contents {
  let [files, sizeBytes] = [0, 0];
  for (const file of listed()) [files, sizeBytes] = [files + 1, sizeBytes + file.sizeBytes];
  return { ids: ContentIdList.of(idsOf(listed()), files), files, sizeBytes };
}

function* idsOf(files: Iterable<ListedFile>): Generator<ContentId, void, undefined> {
  for (const { id } of files) yield id;
}

function pathAt(files: Iterable<ListedFile>, position: number): string {
  let at = 0;
  for (const { path } of files) if (at++ === position) return path;
  throw new Error('A listing is shorter than it was.');
}
