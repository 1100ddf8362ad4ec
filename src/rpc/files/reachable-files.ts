import { type ContentId } from '../../core/content-id.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type FileStore, type ReadOptions, type StoredFile } from '../../storage/file-store.js';
import { type FileFetcher } from '../../transfer/file-fetcher.js';
import { type RequestedSources } from './requested-sources.js';

/** Files of other nodes. */
export type RemoteFiles = Pick<FileFetcher, 'load' | 'read' | 'find' | 'readMany'>;

/** What a request may read. */
export type ReadableFiles = Pick<FileStore, 'find' | 'read' | 'readWhole'>;

/** How a URI names a file beside its hash. */
export interface NamedContent {
  readonly manifestId?: ContentId | undefined;
  readonly uri?: string | undefined;
  /** See FetchReadOptions. */
  readonly isCheckedByCaller?: boolean | undefined;
}

/** The files that are here and, where a request lets other nodes be asked, those that they have: what is read of them is fetched, verified and kept. */
export class ReachableFiles implements ReadableFiles {
  /**
   * @param remote Undefined without a network.
   * @param signal Of the request.
   */
  constructor(
    private readonly store: FileStore,
    private readonly remote: RemoteFiles | undefined,
    private readonly sources: RequestedSources,
    private readonly signal: AbortSignal,
  ) {}

  /** Where files that are not here can be had; undefined if nobody may be asked. */
  get elsewhere(): { readonly remote: RemoteFiles; readonly sources: NonNullable<RequestedSources> } | undefined {
    return this.remote && this.sources && { remote: this.remote, sources: this.sources };
  }

  /** The file, if it is here. One that has changed is as good as none where others may have it. */
  async find(id: ContentId): Promise<StoredFile | undefined> {
    try {
      return await this.store.find(id);
    } catch (error) {
      if (this.elsewhere && isKacheryError(error, 'content-corrupt')) return undefined;
      throw error;
    }
  }

  async *read(id: ContentId, options: ReadOptions & NamedContent = {}): AsyncGenerator<Buffer, void, undefined> {
    let here: unknown;
    let isBegun = false;
    try {
      for await (const piece of this.store.read(id, options)) {
        isBegun = true;
        yield piece;
      }
      return;
    } catch (error) {
      if (isBegun || !isMissing(error)) throw error;
      here = error;
    }
    yield* this.readElsewhere(id, options, here);
  }

  async readWhole(id: ContentId, maxBytes: number): Promise<Buffer> {
    try {
      return await this.store.readWhole(id, maxBytes);
    } catch (error) {
      const { elsewhere } = this;
      if (!elsewhere || !isMissing(error)) throw error;
      for await (const event of elsewhere.remote.load({ id }, { sources: elsewhere.sources, signal: this.signal })) {
        if (event.kind === 'progress' && event.sizeBytes > maxBytes) throw tooLarge(id, event.sizeBytes, maxBytes);
      }
      return this.store.readWhole(id, maxBytes);
    }
  }

  /** `here` is why it cannot be read here; if nobody else has it either, that is what the caller hears. */
  private async *readElsewhere(id: ContentId, options: ReadOptions & NamedContent, here: unknown): AsyncGenerator<Buffer, void, undefined> {
    const { elsewhere } = this;
    if (!elsewhere) throw here;
    const { start = 0, end, signal, headroomBytes, buffers, manifestId, uri, isCheckedByCaller } = options;
    try {
      const fetching = { sources: elsewhere.sources, signal, headroomBytes, buffers, isCheckedByCaller };
      yield* elsewhere.remote.read({ id, manifestId, uri }, { start, end }, fetching);
    } catch (error) {
      throw isKacheryError(error, 'file-not-found') && isKacheryError(here, 'content-corrupt') ? here : error;
    }
  }
}

function tooLarge(id: ContentId, sizeBytes: number, maxBytes: number): KacheryError {
  const [limit, actual] = [String(maxBytes), String(sizeBytes)];
  return new KacheryError('too-large', `sha1://${id} has ${actual} bytes; at most ${limit} can be read at once, so it cannot be a directory's listing.`, {
    limit,
    actual,
  });
}

function isMissing(error: unknown): boolean {
  return isKacheryError(error, 'file-not-found') || isKacheryError(error, 'content-corrupt');
}
