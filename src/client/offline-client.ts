import { resolve } from 'node:path';

import { cancelled, throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { inGroups } from '../core/in-groups.js';
import { limits } from '../core/limits.js';
import { mapInOrder } from '../core/map-in-order.js';
import { formatFileUri, labelFromPath, parseFileUri, parseUri } from '../core/uri.js';
import { type StoredFile } from '../storage/file-store.js';
import { LocalStorage } from '../storage/local-storage.js';
import { type CallOptions } from './call-options.js';
import { clientClosed } from './client-closed.js';
import { copyTo } from './copy-to.js';
import { fileInfoOfStored } from './file-info-of-stored.js';
import { FormattedContent } from './formatted-content.js';
import {
  type FileInfo,
  type FileProvider,
  type KacheryClient,
  type NodeInfo,
  type RangeOptions,
  type SmallFile,
  type StorageUsage,
  type StoreOptions,
  type Transfer,
  type VerifyEvent,
} from './kachery-client.js';
import { type LoadOptions } from './load-options.js';
import { defaultLabel, givenLabel } from './label.js';
import { OfflineFeeds } from './offline-feeds.js';
import { OfflineFiles } from './offline-files.js';
import { OfflineChannels } from './offline-channels.js';
import { OfflineMirrors } from './offline-mirrors.js';
import { OfflineMutables } from './offline-mutables.js';
import { type Piece } from './piece.js';
import { regroup } from './regroup.js';
import { labelled } from './small-files.js';
import { takePieces } from './take-pieces.js';
import { piecesOf } from './upload-source.js';

/** Files of a batch read at a time; each has at most limits.maxSmallFileBytes. */
const readsUnderWay = 16;

/** A client that works on a storage directory by itself, without a daemon. */
export class OfflineClient extends FormattedContent implements KacheryClient {
  readonly mode = 'offline';
  readonly feeds = new OfflineFeeds();
  readonly mutables = new OfflineMutables();
  readonly channels = new OfflineChannels();
  readonly mirrors = new OfflineMirrors();
  private readonly files: OfflineFiles;
  private storage: Promise<LocalStorage> | undefined;
  private isClosed = false;

  /** `dir` is there. It is opened when something is to be written or listed. */
  constructor(private readonly dir: string) {
    super();
    this.files = new OfflineFiles(dir, () => this.open());
  }

  async storeFile(path: string, options: StoreOptions = {}): Promise<string> {
    const { signal, onProgress } = options;
    const absolutePath = resolve(path);
    const label = givenLabel(options) ?? labelFromPath(absolutePath);
    const { file } = await this.work(signal, (storage) =>
      storage.storeLocalFile(absolutePath, {
        ...(signal && { signal }),
        ...(onProgress && { onProgress: (doneBytes: number, sizeBytes: number) => onProgress({ state: 'storing', doneBytes, sizeBytes }) }),
      }),
    );
    return uriOf(file, label);
  }

  async storeBytes(content: Uint8Array, options: StoreOptions = {}): Promise<string> {
    return this.store(piecesOf(content, 0), content.byteLength, options);
  }

  async storeStream(content: AsyncIterable<Uint8Array>, options: StoreOptions = {}): Promise<string> {
    return this.store(regroup(content, options.signal), undefined, options);
  }

  async storeFiles(contents: Iterable<SmallFile> | AsyncIterable<SmallFile>, { signal }: CallOptions = {}): Promise<string[]> {
    const uris: string[] = [];
    let failure: KacheryError | undefined;
    const bounds = { maxItems: limits.maxBatchFiles, maxBytes: limits.maxBatchBytes };
    for await (const group of inGroups(labelled(contents, signal), { ...bounds, sizeBytesOf: ({ content }) => content.byteLength })) {
      const results = await this.work(signal, (storage) => storage.storeSmallFiles(group.map(({ content }) => content)));
      for (const [position, result] of results.entries()) {
        if (result instanceof KacheryError) failure ??= result;
        else uris.push(uriOf(result.file, group[position]?.label ?? ''));
      }
    }
    if (failure) throw failure;
    return uris;
  }

  async linkFile(path: string, options: StoreOptions = {}): Promise<string> {
    const { signal } = options;
    const absolutePath = resolve(path);
    const label = givenLabel(options) ?? labelFromPath(absolutePath);
    return uriOf(await this.work(signal, (storage) => storage.linkFile(absolutePath, signal && { signal })), label);
  }

  async loadFile(uri: string, { dest, ...options }: LoadOptions & { readonly dest?: string | undefined } = {}): Promise<string> {
    this.checkUsable(options.signal);
    const { path } = await this.files.find(uri, options);
    return dest === undefined ? path : copyTo(path, dest, options);
  }

  async *readFile(uri: string, options: RangeOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.checkUsable(options.signal);
    yield* this.files.read(uri, options);
  }

  async *loadFiles(uris: Iterable<string>, options: CallOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.checkUsable(options.signal);
    yield* mapInOrder(uris, readsUnderWay, (uri) => this.files.readSmall(uri, options));
  }

  async stat(text: string, options: CallOptions = {}): Promise<FileInfo> {
    this.checkUsable(options.signal);
    const uri = parseUri(text);
    const file = await this.files.find(text, options);
    const label = uri.kind === 'directory' ? (uri.path.at(-1) ?? '') : uri.label;
    const manifestId = uri.kind === 'file' ? uri.manifestId : undefined;
    return fileInfoOfStored({ ...(manifestId && { manifestId }), ...file }, label);
  }

  async *listFiles({ signal }: CallOptions = {}): AsyncGenerator<FileInfo, void, undefined> {
    let files: StoredFile[] = [];
    do {
      const after = files.at(-1)?.id;
      files = await this.work(signal, (storage) => storage.list(after, limits.maxBatchItems));
      for (const file of files) yield fileInfoOfStored(file, '');
    } while (files.length > 0);
  }

  async deleteFile(uri: string, { signal }: CallOptions = {}): Promise<number> {
    const { id } = parseFileUri(uri);
    return this.work(signal, (storage) => storage.delete(id));
  }

  async *verifyFiles({
    uris = [],
    quarantine = false,
    signal,
  }: CallOptions & { readonly uris?: readonly string[] | undefined; readonly quarantine?: boolean | undefined } = {}): AsyncGenerator<
    VerifyEvent,
    void,
    undefined
  > {
    const ids = uris.length === 0 ? undefined : uris.map((uri) => parseFileUri(uri).id);
    this.checkUsable(signal);
    const storage = await this.open();
    try {
      for await (const event of storage.verify(ids, { quarantine, ...(signal && { signal }) })) {
        if (event.kind === 'progress') {
          yield event;
        } else {
          const { id, actualId = '', path, quarantinePath = '', problem } = event;
          yield { kind: 'bad', sha1: id, actualSha1: actualId, path, quarantinePath, problem };
        }
      }
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error;
    }
  }

  async getStorageUsage({ signal }: CallOptions = {}): Promise<StorageUsage> {
    return this.work(signal, (storage) => storage.usage());
  }

  // eslint-disable-next-line require-yield -- offline nobody can be asked
  async *findFile(): AsyncGenerator<FileProvider, void, undefined> {
    throw offline('Other nodes cannot be asked for files');
  }

  getNode(): Promise<NodeInfo> {
    return Promise.reject(offline('There is no node to tell of'));
  }

  // eslint-disable-next-line require-yield -- offline nothing is transferred
  async *watchTransfers(): AsyncGenerator<Transfer, void, undefined> {
    throw offline('There are no transfers to watch');
  }

  stopDaemon(): Promise<number> {
    return Promise.reject(offline('There is no daemon to stop'));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const storage = await this.storage?.catch(() => undefined);
    await storage?.close();
  }

  private async store(pieces: AsyncIterable<Piece>, sizeBytes: number | undefined, options: StoreOptions): Promise<string> {
    const label = givenLabel(options) ?? defaultLabel;
    const { signal, onProgress } = options;
    const expected = sizeBytes === undefined ? {} : { sizeBytes };
    const onTaken = (doneBytes: number): void => onProgress?.({ state: 'storing', doneBytes, sizeBytes: sizeBytes ?? 0 });
    const { file } = await this.work(signal, (storage) => takePieces(storage, expected, ownBuffers(pieces, signal), onTaken));
    return uriOf(file, label);
  }

  private async work<T>(signal: AbortSignal | undefined, task: (storage: LocalStorage) => Promise<T>): Promise<T> {
    this.checkUsable(signal);
    try {
      return await task(await this.open());
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error;
    }
  }

  private open(): Promise<LocalStorage> {
    this.storage ??= LocalStorage.open(this.dir, { role: 'offline' }).catch((error: unknown) => {
      this.storage = undefined;
      throw error;
    });
    return this.storage;
  }

  private checkUsable(signal: AbortSignal | undefined): void {
    throwIfCancelled(signal);
    if (this.isClosed) throw clientClosed();
  }
}

/** The store takes buffers for good; one without headroom is the caller's. */
async function* ownBuffers(pieces: AsyncIterable<Piece>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { data, headroomBytes } of pieces) {
    throwIfCancelled(signal);
    yield headroomBytes > 0 ? data : Uint8Array.from(data);
  }
}

function uriOf({ id, manifestId }: StoredFile, label: string): string {
  return formatFileUri(id, label, manifestId);
}

function offline(problem: string): KacheryError {
  return new KacheryError('offline', `${problem}: this client works offline. Unset KACHERY_P2P_OFFLINE_STORAGE_DIR, or connect with offlineStorageDir: null.`);
}
