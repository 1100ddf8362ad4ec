import { setMaxListeners } from 'node:events';

import { throwIfCancelled } from '../core/cancellation.js';
import { type Clock } from '../core/clock.js';
import { type ContentId } from '../core/content-id.js';
import { isKacheryError, KacheryError } from '../core/failure.js';
import { type Peers, type PeerSelection } from '../network/peer.js';
import { type StoredFile } from '../storage/file-store.js';
import { chunksOf, type ChunkLayout } from '../storage/partial/chunk-layout.js';
import { type PartialFile } from '../storage/partial/partial-files.js';
import { Bell } from './bell.js';
import { chooseLayout, maxHeldBytes } from './choose-layout.js';
import { type Demand } from './chunk-board.js';
import { ChunkFetch } from './chunk-fetch.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { type FetchLog } from './fetch-log.js';
import { type FetchTarget } from './fetch-request.js';
import { type FetchStore } from './fetch-store.js';
import { type FetchTiming } from './fetch-timing.js';
import { type LoadProgress, type LoadState } from './load-event.js';
import { noteLie, noteSourceFailure } from './note-source-failure.js';
import { readSmall } from './read-small.js';
import { type SmallFileIntake } from './small-file-intake.js';
import { type Source } from './source.js';
import { SourceBook } from './source-book.js';
import { SourceSearch } from './source-search.js';

/** What a download works with. */
export interface DownloadParts {
  readonly store: FetchStore;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly distrusted: DistrustedPeers;
  readonly smallFiles: SmallFileIntake;
  readonly log: FetchLog | undefined;
}

/** Nodes that come and go must not have it begun anew for ever. */
const maxSizesGivenUp = 5;
const wrongBytes = 'it sent wrong bytes';

/** Where bytes of a content can be had: it is stored, or a part of it is here and more is being fetched. */
export type ContentPlace = { readonly kind: 'stored'; readonly file: StoredFile } | { readonly kind: 'partial'; readonly partial: PartialFile };

/**
 * Brings one content here for all who want it, as a whole or in parts. It works while somebody wants something, is kept for a while when nobody does, and ends
 * with the stored file, with a failure, or by `close`.
 */
export class Download {
  /** Rings when anything changes. */
  readonly changes = new Bell();
  /** Settles when it is over. */
  readonly finished: Promise<StoredFile>;
  private readonly book: SourceBook;
  private readonly search: SourceSearch;
  private readonly closing = new AbortController();
  private readonly wrongManifests = new Set<ContentId>();
  private readonly stopWatching: () => void;
  private members = 0;
  private wholeDemands = 0;
  private state: LoadState = 'finding';
  private stored: StoredFile | undefined;
  private failure: unknown;
  private fetch: ChunkFetch | undefined;
  private sizeBytes = 0;
  /** How often a size was given up for another one that was claimed, too. */
  private sizesGivenUp = 0;
  /** Sources were looked for. */
  private isLocated = false;
  /** When the last one who wanted something came or went. */
  private usedAtMs: number;
  private lastReadEnd = -1;
  private readAhead: (() => void) | undefined;
  private logged: ReturnType<FetchLog['begin']> | undefined;

  constructor(
    private readonly target: FetchTarget,
    private readonly parts: DownloadParts,
    private readonly timing: FetchTiming,
  ) {
    this.usedAtMs = parts.clock.now();
    const onChange = (): void => {
      this.changes.ring();
    };
    const { changes, uri } = this;
    const { signal } = this.closing;
    // All who are asked, and all who wait, hear of it.
    setMaxListeners(0, signal);
    this.book = new SourceBook({ ...parts, onChange, answerMs: timing.silentMs }, target.id, target.manifestId);
    this.search = new SourceSearch({
      ...{ book: this.book, clock: parts.clock, changes, timing, uri, signal },
      become: (state) => {
        this.become(state);
      },
      throwIfOver: () => {
        this.throwIfOver();
      },
    });
    this.stopWatching = parts.peers.watch(() => {
      if (!signal.aborted) this.search.notePeers();
    });
    // Whoever joins asks for something first.
    this.finished = Promise.resolve().then(() => this.run());
    this.finished.catch(() => undefined);
  }

  /** It ends, or has ended: nobody may join it any more. */
  get isOver(): boolean {
    return this.closing.signal.aborted;
  }

  /** Whether nobody wants anything of it. */
  get isIdle(): boolean {
    return this.members === 0;
  }

  /** Lets more nodes be asked, and keeps it alive until the function that it returns is called. Fails as Peers.connected. */
  join(selection: PeerSelection): () => void {
    this.search.select(selection);
    this.members += 1;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.members -= 1;
      this.usedAtMs = this.parts.clock.now();
      this.changes.ring();
    };
  }

  /** Wants the whole content until the function that it returns is called. */
  wantWhole(): () => void {
    this.wholeDemands += 1;
    this.changes.ring();
    return () => {
      this.wholeDemands -= 1;
      this.changes.ring();
    };
  }

  /** How far it is. */
  progress(): LoadProgress {
    const unverified = this.fetch?.unverified();
    const sources = this.book.facts(this.parts.clock.now(), unverified?.bySource);
    const loadedBytes = Math.min(this.sizeBytes, (this.fetch?.partial.loadedBytes ?? 0) + (unverified?.totalBytes ?? 0));
    return { kind: 'progress', state: this.state, loadedBytes, sizeBytes: this.sizeBytes, sources };
  }

  /** Where the content is, as soon as that is known: what is wanted of it is fetched meanwhile. Fails as the download does. */
  async place(signal: AbortSignal | undefined): Promise<ContentPlace> {
    for (;;) {
      throwIfCancelled(signal);
      if (this.stored) return { kind: 'stored', file: this.stored };
      if (this.isOver) return { kind: 'stored', file: await this.finished };
      if (this.fetch) return { kind: 'partial', partial: this.fetch.partial };
      await this.changes.wait({ signal });
    }
  }

  /** Wants chunks of a partial file until the function that it returns is called. */
  wantChunks(demand: Demand): () => void {
    return this.fetch?.want(demand) ?? (() => undefined);
  }

  /**
   * Resolves when a chunk of this partial file is verified, or the content stored, and with undefined if it turned out that this is a file of another content.
   * Somebody must want the chunk. Fails as the download does.
   */
  async chunkIsThere(partial: PartialFile, chunk: number, signal: AbortSignal | undefined): Promise<ContentPlace | undefined> {
    for (;;) {
      throwIfCancelled(signal);
      if (partial.stateOf(chunk) === 'verified') return { kind: 'partial', partial };
      const place = await this.place(signal);
      if (place.kind === 'stored') return place;
      if (place.partial !== partial) return undefined;
      if (partial.stateOf(chunk) === 'kept') await this.fetch?.recheck(chunk);
      else await this.changes.wait({ signal });
    }
  }

  /** A range was read: who reads one behind the other is about to read the next. */
  noteRead({ start, end }: { readonly start: number; readonly end: number }): void {
    const isSequential = start === this.lastReadEnd;
    this.lastReadEnd = end;
    this.readAhead?.();
    this.readAhead = undefined;
    const layout = this.fetch?.partial.layout;
    if (!isSequential || !layout || end >= layout.sizeBytes) return;
    const { first } = chunksOf(layout, { start: end, end });
    this.readAhead = this.wantChunks({ first, last: Math.min(first + 1, layout.chunks.length - 1), isUrgent: false });
  }

  /** Ends it; what is verified is kept. Resolves when nothing is open any more. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.leavePartial();
    await this.finished.catch(() => undefined);
  }

  private async run(): Promise<StoredFile> {
    try {
      this.stored = (await this.parts.store.findIntact(this.target.id)) ?? (await this.fetchAll());
      this.logged?.end('done');
      return this.stored;
    } catch (error) {
      this.failure = error;
      this.logged?.end(isKacheryError(error, 'cancelled') && this.isIdle ? 'done' : 'failed');
      throw error;
    } finally {
      this.stopWatching();
      this.closing.abort();
      await this.leavePartial();
      this.changes.ring();
    }
  }

  /** What is kept of the content decides how it is cut, so that chunks that are here can be read without any other node. */
  private async fetchAll(): Promise<StoredFile> {
    const kept = await this.parts.store.partials.open(this.target.id);
    if (kept) this.begin(kept);
    for (;;) {
      const stored = this.fetch ? await this.fetchChunks(this.fetch) : await this.beginAnew();
      if (stored) return stored;
    }
  }

  /** Chooses how the content is cut. Small content is fetched at once, in memory. */
  private async beginAnew(): Promise<StoredFile | undefined> {
    await this.search.locate();
    this.isLocated = true;
    const layout = await this.layout();
    if (!layout) {
      await this.search.wait(this.book.sources);
      return undefined;
    }
    this.sizeBytes = layout.sizeBytes;
    if (layout.sizeBytes <= maxHeldBytes) return this.fetchSmall(layout);
    if (await this.fits(layout)) this.begin(await this.parts.store.partials.create(this.target.id, layout));
    return undefined;
  }

  private begin(partial: PartialFile): void {
    const { clock, distrusted, log } = this.parts;
    this.sizeBytes = partial.layout.sizeBytes;
    this.logged ??= log?.begin(this.uri, this.sizeBytes);
    this.fetch = new ChunkFetch({
      partial,
      clock,
      distrusted,
      silentMs: this.timing.silentMs,
      accuse: (source) => {
        this.accuse(source, partial.layout);
      },
      onChange: () => {
        this.changes.ring();
      },
      onLoaded: (bytes) => this.logged?.add(bytes),
    });
    this.changes.ring();
  }

  /** Of bytes that are not as a manifest says, the manifest may be what is wrong, unless the URI or the node itself named it. */
  private accuse(source: Source, { manifestId }: ChunkLayout): void {
    const isProven = manifestId === undefined || manifestId === this.target.manifestId || manifestId === source.file.manifestId;
    if (isProven) noteLie(source, wrongBytes, this.parts.distrusted);
    else source.setAside();
  }

  /** Fetches what is wanted until the file is stored; undefined if the content is to be begun anew. */
  private async fetchChunks(fetch: ChunkFetch): Promise<StoredFile | undefined> {
    const { partial } = fetch;
    let stopWanting: (() => void) | undefined;
    for (;;) {
      this.throwIfOver();
      if (fetch.failure !== undefined) throw fetch.failure as Error;
      if (this.wholeDemands > 0 !== (stopWanting !== undefined)) {
        if (stopWanting) stopWanting();
        stopWanting = stopWanting ? undefined : fetch.want({ first: 0, last: partial.layout.chunks.length - 1, isUrgent: false });
        if (stopWanting) partial.hashAlong();
      }
      if (fetch.isComplete) {
        const stored = await this.finishWhole(fetch);
        if (stored) return stored;
        if (this.fetch !== fetch) return undefined;
        continue;
      }
      if (fetch.hasOpenDemand) {
        const sources = await this.sourcesOf(partial.layout);
        if (!sources) return undefined;
        if (sources.length > 0) this.become('downloading');
        fetch.schedule(sources);
      } else {
        this.search.noteBytes(Infinity);
        fetch.schedule([]);
      }
      await this.changes.wait({ signal: this.closing.signal, timeoutMs: this.timing.tickMs });
    }
  }

  private async finishWhole(fetch: ChunkFetch): Promise<StoredFile | undefined> {
    this.become('verifying');
    const outcome = await fetch.partial.finish();
    switch (outcome.kind) {
      case 'stored':
        // The manifest was right, so those that did not agree with it were not.
        for (const source of this.book.sources) if (source.isSetAside) noteLie(source, wrongBytes, this.parts.distrusted);
        return outcome.file;
      case 'damaged':
        fetch.noteDamage();
        return undefined;
      case 'other-content':
        await this.rejectManifest(fetch.partial.layout);
        return undefined;
    }
  }

  /** The manifest lied, and so did those who named it: every chunk is as it says, and the whole is something else; or nobody is left who agrees with it. */
  private async rejectManifest({ manifestId }: ChunkLayout): Promise<void> {
    if (manifestId !== undefined) this.wrongManifests.add(manifestId);
    for (const source of this.book.sources) {
      if (source.file.manifestId === manifestId) noteLie(source, 'it names a manifest that is not of this file', this.parts.distrusted);
    }
    for (const source of this.book.sources) source.rehabilitate();
    await this.discardPartial();
  }

  /** The usable sources of a layout; none while they are lost and waited for; undefined if the content is to be begun anew with others. */
  private async sourcesOf(layout: ChunkLayout): Promise<readonly Source[] | undefined> {
    if (!this.isLocated) {
      await this.search.locate();
      this.isLocated = true;
      if (!(await this.isStillGood(layout))) {
        await this.discardPartial();
        return undefined;
      }
    }
    this.search.resumeBusy();
    const ofThisSize = this.book.sources.filter(({ file }) => file.sizeBytes === layout.sizeBytes);
    const sources = ofThisSize.filter(({ state }) => state === 'usable');
    if (sources.length > 0) {
      this.search.noteBytes(this.fetch?.lastBytesMs ?? -Infinity);
      return sources;
    }
    if (await this.isGivenUp(layout, ofThisSize)) return undefined;
    await this.search.wait(ofThisSize);
    return [];
  }

  /** Gives a layout up when none of its sources can be asked, and others may be right: those that do not agree with its manifest, or that claim another size. */
  private async isGivenUp(layout: ChunkLayout, sources: readonly Source[]): Promise<boolean> {
    const hopeful = sources.filter(({ state }) => state === 'lost');
    const isBacked = hopeful.some(({ file }) => file.manifestId === layout.manifestId);
    if (sources.some(({ isSetAside }) => isSetAside) && (!isBacked || this.search.isOverdue)) {
      await this.rejectManifest(layout);
      return true;
    }
    const isInVain = hopeful.length === 0 || this.fetch?.partial.loadedBytes === 0 || this.search.isOverdue;
    if (!isInVain || this.search.usable.length === 0 || this.sizesGivenUp >= maxSizesGivenUp) return false;
    this.sizesGivenUp += 1;
    await this.discardPartial();
    return true;
  }

  /** Whether what is kept of the content can go on with the sources that were found. */
  private async isStillGood(kept: ChunkLayout): Promise<boolean> {
    const { manifestId } = this.target;
    if (manifestId !== undefined && manifestId !== kept.manifestId) {
      const named = await this.layout();
      if (named?.manifestId === manifestId) return false;
    }
    const usable = this.search.usable;
    return usable.length === 0 || usable.some(({ file }) => file.sizeBytes === kept.sizeBytes);
  }

  private layout(): Promise<ChunkLayout | undefined> {
    const { store, distrusted, clock } = this.parts;
    const { book, wrongManifests, timing } = this;
    return chooseLayout(this.target, {
      store,
      book,
      distrusted,
      wrongManifests,
      silentMs: timing.silentMs,
      signal: this.closing.signal,
      nowMs: () => clock.now(),
    });
  }

  private async fetchSmall({ sizeBytes }: ChunkLayout): Promise<StoredFile | undefined> {
    const { distrusted, clock, smallFiles } = this.parts;
    const sources = this.book.sources.filter(({ file }) => file.sizeBytes === sizeBytes);
    const usable = sources.filter(({ state }) => state === 'usable');
    if (usable.length === 0) {
      await this.search.wait(sources);
      return undefined;
    }
    let content: Buffer | undefined;
    this.become('downloading');
    for (const source of usable) {
      try {
        const options = { signal: this.closing.signal, silentMs: this.timing.silentMs };
        content = await readSmall(source.peer, { id: this.target.id, sizeBytes }, options);
        source.loadedBytes += sizeBytes;
        break;
      } catch (error) {
        this.throwIfOver();
        noteSourceFailure(source, error, { distrusted, nowMs: clock.now() });
      }
    }
    if (content) return smallFiles.store(content);
    return undefined;
  }

  /** A size that somebody claims and that does not fit must not keep others, who claim another one, from bringing the content. */
  private async fits({ sizeBytes, manifestId }: ChunkLayout): Promise<boolean> {
    if (manifestId !== undefined && manifestId === this.target.manifestId) return true;
    const { availableBytes } = await this.parts.store.usage();
    if (sizeBytes <= availableBytes) return true;
    await this.search.hearAll();
    const usable = this.search.usable;
    if (usable.every(({ file }) => file.sizeBytes === sizeBytes)) return true;
    for (const source of usable) {
      if (source.file.sizeBytes === sizeBytes)
        source.refuse(`it claims that the file has ${String(sizeBytes)} bytes, unlike others, and these do not fit here`);
    }
    return false;
  }

  private async discardPartial(): Promise<void> {
    const { fetch } = this;
    this.fetch = undefined;
    fetch?.close();
    await fetch?.partial.discard();
    this.changes.ring();
  }

  private async leavePartial(): Promise<void> {
    this.readAhead?.();
    this.fetch?.close();
    await this.fetch?.partial.close();
  }

  private become(state: LoadState): void {
    if (this.state === state) return;
    this.state = state;
    this.changes.ring();
  }

  private get uri(): string {
    return this.target.uri ?? `sha1://${this.target.id}`;
  }

  /** Nobody may want it for a while; then what is known of it is given up. */
  private throwIfOver(): void {
    const isUnused = this.isIdle && this.parts.clock.now() - this.usedAtMs >= this.timing.warmMs;
    if (isUnused) this.closing.abort();
    if (this.closing.signal.aborted) throw new KacheryError('cancelled', `Fetching ${this.uri} was given up.`);
  }
}
