import { type LoadFileResponse, LoadState, type ReadFilesResponse } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { checkByteRange } from '../core/byte-range.js';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { findInDirectory } from '../core/directory-listing.js';
import { KacheryError } from '../core/failure.js';
import { inGroups } from '../core/in-groups.js';
import { limits } from '../core/limits.js';
import { mapInOrder } from '../core/map-in-order.js';
import { type ChunkUri, type KacheryUri, parseUri } from '../core/uri.js';
import { fileServiceDefinition as files } from '../rpc/codec/file-service-definition.js';
import { type StoredFile } from '../storage/file-store.js';
import { type CallOptions, type Progress } from './call-options.js';
import { collect } from './collect.js';
import { type ContentCache } from './content-cache.js';
import { type Daemon } from './daemon.js';
import { itemFailure } from './item-failure.js';
import { type RangeOptions } from './kachery-client.js';
import { type LoadOptions, sourceSelection } from './load-options.js';
import { missingField, required } from './required.js';
import { Retries } from './retries.js';
import { readStored, type StorageView } from './storage-view.js';

/** URIs of one batch read; and files that are read together where this machine sees them. */
const groupBounds = { maxItems: limits.maxBatchItems, maxBytes: limits.maxMessageBytes / 4, sizeBytesOf: (uri: string) => uri.length };
const filesHereInFlight = 16;

const loadStates: Readonly<Record<LoadState, Progress['state']>> = {
  [LoadState.LOAD_STATE_UNSPECIFIED]: 'finding',
  [LoadState.LOAD_STATE_FINDING]: 'finding',
  [LoadState.LOAD_STATE_DOWNLOADING]: 'downloading',
  [LoadState.LOAD_STATE_VERIFYING]: 'verifying',
  [LoadState.LOAD_STATE_CONNECTING]: 'connecting',
  [LoadState.LOAD_STATE_WAITING]: 'waiting',
};

interface Content {
  readonly id: ContentId;
  readonly sizeBytes: number;
}

/** Loading through a daemon: from its storage directory where this machine sees it, otherwise from the cache or in a stream. */
export class OnlineLoading {
  constructor(
    private readonly daemon: Daemon,
    private readonly cache: ContentCache,
  ) {}

  /** Brings a file to this machine and tells where it is. */
  async locate(text: string, options: LoadOptions): Promise<StoredFile> {
    const uri = parseUri(text);
    const here = await this.findHere(uri, options);
    if (here) return here;
    const { storage } = await this.daemon.probe(options.signal);
    // A chunk is part of a file: only where its path is wanted must it be a file of its own on the node.
    const { id, sizeBytes } = uri.kind === 'chunk' && !storage ? chunkContent(uri) : await this.bringToNode(text, options);
    return (storage && (await findIn(storage, id))) ?? (await this.cache.find(id)) ?? (await this.cache.fill({ id, sizeBytes }, this.stream(text, options)));
  }

  /** The bytes of a range. */
  async *read(text: string, options: RangeOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const uri = parseUri(text);
    checkByteRange(options.start ?? 0, options.end);
    const here = await this.findHere(uri, options);
    yield* here ? readStored(here, options) : this.stream(text, options);
  }

  /** The contents of small files, in order. */
  async *readMany(uris: Iterable<string>, { signal }: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const { storage } = await this.daemon.probe(signal);
    for await (const group of inGroups(checked(uris), groupBounds)) {
      let taken = 0;
      if (storage) {
        for await (const content of mapInOrder(group, filesHereInFlight, (text) => this.readSmallHere(text, { signal }))) {
          // From the first file on that is not here, most are not: the daemon reads the others as fast.
          if (content === undefined) break;
          if (content instanceof KacheryError) throw content;
          yield content;
          taken += 1;
        }
      }
      yield* this.readBatch(group.slice(taken), { signal });
    }
  }

  /** The file where this machine sees it, if it does. */
  private async findHere(uri: KacheryUri, options: CallOptions): Promise<StoredFile | undefined> {
    const { storage } = await this.daemon.probe(options.signal);
    if (!storage) return uri.kind === 'directory' ? undefined : this.cache.find(uri.id);
    if (uri.kind !== 'directory') return findIn(storage, uri.id);
    const listing = await findIn(storage, uri.id);
    if (!listing || listing.sizeBytes > limits.maxListingBytes) return undefined;
    const text = new TextDecoder().decode(await collect(readStored(listing, { signal: options.signal })));
    return findIn(storage, findInDirectory(text, uri));
  }

  /** Undefined if the file is not here or is not small, which is the daemon's to tell; a failure waits for its turn. */
  private async readSmallHere(text: string, options: CallOptions): Promise<Uint8Array | KacheryError | undefined> {
    try {
      const file = await this.findHere(parseUri(text), options);
      return file && file.sizeBytes <= limits.maxSmallFileBytes ? await collect(readStored(file, options)) : undefined;
    } catch (error) {
      if (error instanceof KacheryError) return error;
      throw error;
    }
  }

  /** Asks the daemon to have the file, and tells which content it is. */
  private async bringToNode(text: string, options: LoadOptions): Promise<Content> {
    for await (const { event } of this.daemon.receive(files.loadFile, { uri: text, sources: sourceSelection(options) }, { signal: options.signal })) {
      if (event?.$case === 'file') return { id: parseContentId(event.value.sha1), sizeBytes: Number(event.value.sizeBytes) };
      reportLoad(event, options);
    }
    throw missingField('file');
  }

  /** The bytes of a range as the daemon sends them; goes on where it was when the connection breaks. */
  private async *stream(text: string, options: RangeOptions): AsyncGenerator<Buffer, void, undefined> {
    const { start = 0, end, signal, onProgress } = options;
    const retries = new Retries(['daemon-not-running', 'daemon-stopping', 'deadline-exceeded']);
    const sizeBytes = end === undefined ? 0 : end - start;
    let position = start;
    for (;;) {
      // A length of 0 would mean up to the end: of an empty range only the end is checked.
      const request = { uri: text, offset: BigInt(position), length: BigInt((end ?? position) - position), sources: sourceSelection(options) };
      try {
        for await (const { data } of this.daemon.receive(files.readFile, request, { signal })) {
          if (start === end) return;
          position += data.byteLength;
          retries.progress();
          onProgress?.({ state: 'reading', doneBytes: position - start, sizeBytes });
          yield data;
        }
        return;
      } catch (error) {
        if (position === start) throw error;
        await retries.wait(error, signal);
        if (position === end) return;
      }
    }
  }

  private async *readBatch(uris: readonly string[], { signal }: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    if (uris.length === 0) return;
    let left = uris.length;
    for await (const { results } of this.daemon.receive<{ uris: string[] }, ReadFilesResponse>(files.readFiles, { uris: [...uris] }, { signal })) {
      for (const { outcome } of results) {
        const { $case, value } = required(outcome, 'outcome');
        if ($case === 'error') throw itemFailure(value);
        left -= 1;
        yield value;
      }
    }
    if (left > 0) throw missingField('results');
  }
}

function* checked(uris: Iterable<string>): Generator<string, void, undefined> {
  for (const uri of uris) {
    parseUri(uri);
    yield uri;
  }
}

function chunkContent({ id, range }: ChunkUri): Content {
  return { id, sizeBytes: range.end - range.start };
}

/** A link that has changed is the daemon's to explain. */
async function findIn(storage: StorageView, id: ContentId): Promise<StoredFile | undefined> {
  return storage.find(id).catch(() => undefined);
}

function reportLoad(event: LoadFileResponse['event'], { onProgress }: CallOptions): void {
  if (event?.$case !== 'progress') return;
  const { state, loadedBytes, sizeBytes, sources } = event.value;
  const told = sources.map((source) => ({ ...source, loadedBytes: Number(source.loadedBytes), bytesPerSecond: Number(source.bytesPerSecond) }));
  onProgress?.({ state: loadStates[state], doneBytes: Number(loadedBytes), sizeBytes: Number(sizeBytes), ...(told.length > 0 && { sources: told }) });
}
