import { checkByteRange, resolveByteRange, type ByteRange } from '../core/byte-range.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { type Clock } from '../core/clock.js';
import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type Peers } from '../network/peer.js';
import { type StoredFile } from '../storage/file-store.js';
import { type ChunkLayout, chunksOf } from '../storage/partial/chunk-layout.js';
import { type PartialFile } from '../storage/partial/partial-files.js';
import { DistrustedPeers } from './distrusted-peers.js';
import { Download } from './download.js';
import { type FetchLog } from './fetch-log.js';
import { type FetchOptions, type FetchRange, type FetchReadOptions, type FetchTarget } from './fetch-request.js';
import { type FetchStore } from './fetch-store.js';
import { type FetchTiming, usualTiming } from './fetch-timing.js';
import { findFile, type FoundFile } from './find-file.js';
import { type LoadEvent } from './load-event.js';
import { SmallFileIntake } from './small-file-intake.js';
import { SmallFileReader } from './small-file-reader.js';
import { watchProgress } from './watch-progress.js';

/** What a fetcher works with. */
export interface FileFetcherParts {
  readonly store: FetchStore;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly log?: FetchLog;
}

/** Contents that are kept ready when nobody wants them; the ones that were used last. */
const maxIdleDownloads = 32;
/** How far a reader is fetched ahead of, at most. */
const maxAheadChunks = 8;
const maxAheadBytes = 256 * 1024 * 1024;

/**
 * Brings files of other nodes here; one for each daemon. Everything that leaves it is verified. Its failures name who was asked and what each said:
 * `file-not-found` if all answered and nobody has the file; `node-unreachable` if nobody who answered has it, or those that had it are lost, and others cannot be
 * reached; `sources-failed` if what came from every source was wrong; `not-authorized` if those that have it do not serve this node any more; `channel-not-joined` and `not-authorized` for a selection that cannot be; `cancelled`; and
 * those of the store, such as `disk-full`. `close` it.
 */
export class FileFetcher {
  private readonly downloads = new Map<ContentId, Download>();
  private readonly distrusted: DistrustedPeers;
  private readonly smallFiles: SmallFileIntake;
  private readonly timing: FetchTiming;
  private isClosed = false;

  /** @param timing What differs from the usual. */
  constructor(
    private readonly parts: FileFetcherParts,
    timing: Partial<FetchTiming> = {},
  ) {
    this.distrusted = new DistrustedPeers(parts.clock);
    this.smallFiles = new SmallFileIntake(parts.store);
    this.timing = { ...usualTiming, ...timing };
  }

  /**
   * Brings a whole file here. Everybody who asks for the same content shares one download, which goes on as long as one of them is there; what was verified is
   * kept in any case.
   */
  async *load(target: FetchTarget, options: FetchOptions = {}): AsyncGenerator<LoadEvent, void, undefined> {
    const { download, leave } = this.join(target, options);
    const stop = new AbortController();
    try {
      const loading = this.loadWhole(download, AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]));
      yield* watchProgress(download, loading, this.timing.progressMs);
      yield { kind: 'file', file: await loading };
    } finally {
      stop.abort();
      leave();
    }
  }

  /**
   * The bytes of a range, all of them verified. Where the target names its manifest, only the chunks that the range touches are fetched, and kept; otherwise the
   * whole file is. Also fails with `invalid-range` and `range-beyond-end`.
   */
  async *read(target: FetchTarget, { start, end }: FetchRange, options: FetchReadOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    checkByteRange(start, end);
    const { download, leave } = this.join(target, options);
    try {
      for (;;) {
        const place = await download.place(options.signal);
        if (place.kind === 'stored') {
          yield* this.readStored(target.id, { start, end }, options);
          return;
        }
        if (!isTrusted(place.partial.layout, target, options)) {
          await this.loadWhole(download, options.signal);
          continue;
        }
        const range = resolveByteRange(start, end, place.partial.layout.sizeBytes);
        const isRead = yield* this.readPartial(download, place.partial, range, options);
        if (!isRead) continue;
        download.noteRead(range);
        return;
      }
    } finally {
      leave();
    }
  }

  /** Who has a file, one after another as they answer. Ends with `node-unreachable` if nobody has it and not everybody could be asked. */
  find(id: ContentId, options: FetchOptions = {}): AsyncGenerator<FoundFile, void, undefined> {
    return findFile(id, options, { ...this.parts, distrusted: this.distrusted, answerMs: this.timing.silentMs });
  }

  /** The contents of files of at most limits.maxSmallFileBytes, or why one cannot be had, in the order of `ids`; they are stored, too. */
  readMany(ids: readonly ContentId[], options: FetchOptions = {}): AsyncGenerator<Buffer | KacheryError, void, undefined> {
    const { peers } = this.parts;
    const { distrusted, smallFiles } = this;
    return new SmallFileReader({ peers, distrusted, smallFiles, silentMs: this.timing.silentMs }, options).read(ids);
  }

  /** Ends all downloads; what they have verified is kept. May be called again. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.downloads.values()].map((download) => download.close()));
  }

  /** The download of a content, which goes on at least until `leave` is called. */
  private join(target: FetchTarget, { sources = {}, signal }: FetchOptions): { download: Download; leave: () => void } {
    throwIfCancelled(signal);
    if (this.isClosed) throw new KacheryError('daemon-stopping', 'Nothing is fetched any more. Try again when the daemon runs.');
    // A selection that cannot be begins nothing.
    this.parts.peers.connected(sources);
    const running = this.downloads.get(target.id);
    const download = running && !running.isOver ? running : this.begin(target);
    return { download, leave: download.join(sources) };
  }

  private begin(target: FetchTarget): Download {
    this.closeIdle();
    const { distrusted, smallFiles } = this;
    const download = new Download(target, { ...this.parts, log: this.parts.log, distrusted, smallFiles }, this.timing);
    this.downloads.set(target.id, download);
    const forget = (): void => {
      if (this.downloads.get(target.id) === download) this.downloads.delete(target.id);
    };
    download.finished.then(forget, forget);
    return download;
  }

  private closeIdle(): void {
    const idle = [...this.downloads.values()].filter(({ isIdle }) => isIdle);
    for (const download of idle.slice(0, Math.max(0, idle.length - maxIdleDownloads))) void download.close();
  }

  private async loadWhole(download: Download, signal: AbortSignal | undefined): Promise<StoredFile> {
    const place = await download.place(signal);
    if (place.kind === 'stored') return place.file;
    const { layout, loadedBytes } = place.partial;
    await place.partial.checkRoom(layout.sizeBytes - loadedBytes);
    const stopWanting = download.wantWhole();
    try {
      for (;;) {
        const now = await download.place(signal);
        if (now.kind === 'stored') return now.file;
        await download.changes.wait({ signal });
      }
    } finally {
      stopWanting();
    }
  }

  private readStored(id: ContentId, { start, end }: FetchRange, { signal, headroomBytes, buffers }: FetchReadOptions): AsyncGenerator<Buffer, void, undefined> {
    const options = { ...(signal && { signal }), ...(headroomBytes !== undefined && { headroomBytes }), ...(buffers && { buffers }) };
    return this.parts.store.read(id, { start, ...(end !== undefined && { end }), ...options });
  }

  /**
   * Reads chunk by chunk; those behind are fetched meanwhile, more of them as the reader goes on. False if this turned out to be a file of another content before
   * anything of it was handed on.
   */
  private async *readPartial(
    download: Download,
    partial: PartialFile,
    range: ByteRange,
    options: FetchReadOptions,
  ): AsyncGenerator<Buffer, boolean, undefined> {
    if (range.start === range.end) return true;
    const { signal, headroomBytes, buffers } = options;
    const { first, last } = chunksOf(partial.layout, range);
    let stopWanting = (): void => undefined;
    try {
      for (let chunk = first, aheadChunks = 1; chunk <= last; chunk += 1, aheadChunks = Math.min(2 * aheadChunks, maxAheadChunks)) {
        const wanted = download.wantChunks({ first: chunk, last: lastAhead(partial, chunk, Math.min(last, chunk + aheadChunks)), isUrgent: true });
        stopWanting();
        stopWanting = wanted;
        const place = await download.chunkIsThere(partial, chunk, signal);
        if (!place && chunk > first) throw otherContent(partial.id);
        if (!place) return false;
        const bounds = partial.layout.chunks[chunk] ?? range;
        const part = { start: Math.max(range.start, bounds.start), end: Math.min(range.end, bounds.end) };
        if (place.kind === 'stored') {
          yield* this.readStored(partial.id, { start: part.start, end: range.end }, options);
          return true;
        }
        yield* partial.read(part, { ...(signal && { signal }), ...(headroomBytes !== undefined && { headroomBytes }), ...(buffers && { buffers }) });
      }
      return true;
    } finally {
      stopWanting();
    }
  }
}

/** Whether what a layout says of a chunk shows that its bytes are the target's. */
function isTrusted({ manifestId }: ChunkLayout, target: FetchTarget, { isCheckedByCaller = false }: FetchReadOptions): boolean {
  return manifestId === undefined || manifestId === target.manifestId || isCheckedByCaller;
}

function otherContent(id: ContentId): KacheryError {
  return new KacheryError(
    'sources-failed',
    `What other nodes sent of sha1://${id} turned out to be of another file. Do not use what was read; read it again.`,
    {
      uri: `sha1://${id}`,
    },
  );
}

/** The last chunk up to which a reader that is at `chunk` is fetched ahead of. */
function lastAhead({ layout: { chunks } }: PartialFile, chunk: number, last: number): number {
  const limit = (chunks[chunk]?.end ?? 0) + maxAheadBytes;
  let end = chunk;
  while (end < last && (chunks[end + 1]?.end ?? Infinity) <= limit) end += 1;
  return end;
}
