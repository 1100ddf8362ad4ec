import { throwIfCancelled } from '../../core/cancellation.js';
import { type ContentId } from '../../core/content-id.js';
import { isKacheryError } from '../../core/failure.js';
import { type Slots } from '../../network/link/slots.js';
import { type StoredFile } from '../../storage/file-store.js';
import { type FetchStore } from '../fetch-store.js';
import { type FileFetcher } from '../file-fetcher.js';
import { type FetchTarget } from '../fetch-request.js';
import { type LoadProgress } from '../load-event.js';

/** Who stops it, and who hears how far a load is. */
export interface KeepOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** What files are kept with. */
export interface FileKeeperParts {
  readonly store: Pick<FetchStore, 'find' | 'readWhole'>;
  readonly fetcher: Pick<FileFetcher, 'load'>;
  /** How many files are brought here at a time, of all mirrors. */
  readonly slots: Slots;
}

/** Makes sure that files are here. */
export class FileKeeper {
  constructor(private readonly parts: FileKeeperParts) {}

  /** The file, which is brought here if it is not, when it is its turn. Fails as FileFetcher.load. */
  async keep(target: FetchTarget, { signal, onProgress }: KeepOptions): Promise<StoredFile> {
    const file = await this.find(target.id);
    return file ?? (await this.parts.slots.use(() => this.load(target, { signal, ...(onProgress && { onProgress }) })));
  }

  /** A whole file that is here, as text. Fails with `too-large`. */
  async readText(id: ContentId, maxBytes: number): Promise<string> {
    return (await this.parts.store.readWhole(id, maxBytes)).toString('utf8');
  }

  private async load(target: FetchTarget, { signal, onProgress }: KeepOptions): Promise<StoredFile> {
    throwIfCancelled(signal);
    for await (const event of this.parts.fetcher.load(target, { sources: {}, signal })) {
      if (event.kind === 'file') return event.file;
      onProgress?.(event);
    }
    throw new Error('A load ended without a file.');
  }

  /** A link whose file has changed is as good as nothing. */
  private async find(id: ContentId): Promise<StoredFile | undefined> {
    try {
      return await this.parts.store.find(id);
    } catch (error) {
      if (isKacheryError(error, 'content-corrupt')) return undefined;
      throw error;
    }
  }
}
