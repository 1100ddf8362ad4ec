import { checkByteRange } from '../core/byte-range.js';
import { findInDirectory } from '../core/directory-listing.js';
import { isKacheryError, KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type ChunkUri, type DirectoryUri, parseUri } from '../core/uri.js';
import { type StoredFile } from '../storage/file-store.js';
import { type LocalStorage } from '../storage/local-storage.js';
import { type CallOptions } from './call-options.js';
import { collect } from './collect.js';
import { type RangeOptions } from './kachery-client.js';
import { readStored, StorageView } from './storage-view.js';
import { takePieces } from './take-pieces.js';

/** Finds and reads the files of an offline storage directory, which need not be writable for that. */
export class OfflineFiles {
  private readonly view: StorageView;

  /** `open` gives the directory for writing. */
  constructor(
    dir: string,
    private readonly open: () => Promise<LocalStorage>,
  ) {
    this.view = new StorageView(dir);
  }

  /** The file that a URI names. Fails with `file-not-found`, and with `content-corrupt` if it has changed. */
  async find(text: string, options: CallOptions): Promise<StoredFile> {
    const uri = parseUri(text);
    switch (uri.kind) {
      case 'file':
        return (await this.view.find(uri.id)) ?? notFound(text, this.view.dir);
      case 'chunk':
        return (await this.view.find(uri.id)) ?? (await this.storeChunk(uri, text, options));
      case 'directory':
        return this.findInDirectory(uri, text, options);
    }
  }

  /** The bytes of a range. */
  async *read(text: string, options: RangeOptions): AsyncGenerator<Uint8Array, void, undefined> {
    checkByteRange(options.start ?? 0, options.end);
    yield* readStored(await this.find(text, options), options);
  }

  /** The content of a small file. */
  async readSmall(text: string, { signal }: CallOptions): Promise<Uint8Array> {
    const file = await this.find(text, { signal });
    return file.sizeBytes <= limits.maxSmallFileBytes ? collect(readStored(file, { signal })) : tooLarge(file);
  }

  private async findInDirectory(uri: DirectoryUri, text: string, { signal }: CallOptions): Promise<StoredFile> {
    const listing = (await this.view.find(uri.id)) ?? notFound(text, this.view.dir);
    if (listing.sizeBytes > limits.maxListingBytes) return tooLarge(listing);
    const id = findInDirectory(new TextDecoder().decode(await collect(readStored(listing, { signal }))), uri);
    return (await this.view.find(id)) ?? notFound(text, this.view.dir);
  }

  /** Part of another file becomes a file of its own: only so it can be verified, and have a path. */
  private async storeChunk({ id, parentId, range }: ChunkUri, text: string, options: CallOptions): Promise<StoredFile> {
    const parent = (await this.view.find(parentId)) ?? notFound(text, this.view.dir);
    const pieces = readStored(parent, { ...range, signal: options.signal });
    try {
      return (await takePieces(await this.open(), { id, sizeBytes: range.end - range.start }, pieces)).file;
    } catch (error) {
      if (!isKacheryError(error, 'hash-mismatch')) throw error;
      throw new KacheryError(
        'content-corrupt',
        `${text} does not name a part of that file: the bytes have another hash. Ask whoever made it.`,
        { uri: text },
        { cause: error },
      );
    }
  }
}

function notFound(uri: string, dir: string): never {
  throw new KacheryError(
    'file-not-found',
    `${uri} is not in the offline storage directory ${dir}, and offline there is nobody else to ask. ` +
      'Store it there first, or unset KACHERY_P2P_OFFLINE_STORAGE_DIR to ask a daemon.',
    { uri },
  );
}

function tooLarge({ id, sizeBytes }: StoredFile): never {
  throw new KacheryError('too-large', `sha1://${id} has ${String(sizeBytes)} bytes, which is too many to be read so. Read it with readFile.`, {
    actual: String(sizeBytes),
  });
}
