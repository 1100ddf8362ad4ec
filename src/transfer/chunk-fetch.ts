import { type Clock } from '../core/clock.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type PartialFile } from '../storage/partial/partial-files.js';
import { blame, fastestOf } from './blame.js';
import { type BoardChunk } from './board-chunk.js';
import { ChunkBoard, type Demand } from './chunk-board.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { noteSourceFailure } from './note-source-failure.js';
import { collectPatiently } from './patient-collection.js';
import { type Piece, PieceRequest } from './piece-request.js';
import { readFromPeer } from './read-from-peer.js';
import { type Source } from './source.js';

/** Bytes that one node is asked for at a time: what is on its way at 1 Gbit/s and 50 ms, and more from faster ones. */
const minInFlightBytes = 8 * 1024 * 1024;
const maxInFlightBytes = 16 * 1024 * 1024;

/** What fetching chunks works with. */
export interface ChunkFetchParts {
  readonly partial: PartialFile;
  readonly clock: Clock;
  readonly distrusted: DistrustedPeers;
  /** A node sent bytes that are not as the layout says. */
  readonly accuse: (source: Source) => void;
  /** How long a node may be silent. */
  readonly silentMs: number;
  /** Something changed that others may wait for. */
  readonly onChange: () => void;
  /** Bytes were verified. */
  readonly onLoaded: (bytes: number) => void;
}

/** Bytes that came and may be wrong. */
export interface UnverifiedBytes {
  readonly totalBytes: number;
  readonly bySource: ReadonlyMap<Source, number>;
}

/** Fetches the chunks of one content that are wanted from several nodes at once, verifies them, and finds out who sent wrong ones. */
export class ChunkFetch {
  /** When bytes came last. */
  lastBytesMs = -Infinity;
  /** Why the storage directory does not take more. */
  failure: unknown;
  readonly partial: PartialFile;
  private readonly board: ChunkBoard;
  private readonly requests = new Set<PieceRequest>();
  private readonly checking = new Map<number, Promise<boolean>>();
  private sources: readonly Source[] = [];
  private isClosed = false;
  private readonly collectAsUsual = collectPatiently();

  constructor(private readonly parts: ChunkFetchParts) {
    this.partial = parts.partial;
    this.board = new ChunkBoard(parts.partial);
    for (const chunk of this.board.open) if (chunk.isFilled) this.check(chunk);
  }

  /** Whether chunks are wanted that are not there. */
  get hasOpenDemand(): boolean {
    return this.board.hasOpenDemand;
  }

  /** Whether every chunk is there, verified now or by an earlier run. */
  get isComplete(): boolean {
    return this.partial.loadedBytes === this.partial.layout.sizeBytes && this.checking.size === 0;
  }

  /** Bytes that are here of chunks that are not verified yet: all together, and by the node that sent them in this run. */
  unverified(): UnverifiedBytes {
    const bySource = new Map<Source, number>();
    let totalBytes = 0;
    for (const { index, segments } of this.board.open) {
      if (this.partial.stateOf(index) !== 'missing') continue;
      for (const { source, start, end } of segments) {
        totalBytes += end - start;
        if (source) bySource.set(source, (bySource.get(source) ?? 0) + end - start);
      }
    }
    return { totalBytes, bySource };
  }

  /** Wants chunks until the function that it returns is called. */
  want(demand: Demand): () => void {
    const stop = this.board.want(demand);
    this.parts.onChange();
    return () => {
      stop();
      this.parts.onChange();
    };
  }

  /** Makes sure that a chunk that an earlier run verified still is what it was; otherwise it is missing afterwards. */
  async recheck(chunk: number): Promise<void> {
    const running = this.checking.get(chunk);
    if (running) await running;
    else if (this.partial.stateOf(chunk) === 'kept') await this.track(chunk, () => this.partial.verify(chunk));
    this.board.recheck();
  }

  /** Some chunks that were there are not any more. */
  noteDamage(): void {
    this.board.recheck();
    this.parts.onChange();
  }

  /** Asks the sources for what is wanted next, and stops requests that nobody needs or that bring nothing. */
  schedule(sources: readonly Source[]): void {
    this.sources = sources;
    const nowMs = this.parts.clock.now();
    for (const request of this.requests) this.review(request, nowMs);
    for (const chunk of this.board.open) if (chunk.sole && chunk.sole.state !== 'usable' && !chunk.isChecking) this.restart(chunk, fastestOf(sources));
    const active = this.activeSources(sources);
    // In turns, so that each gets something to do.
    for (let isAsking = true; isAsking;) {
      isAsking = false;
      for (const source of active) isAsking = this.askNext(source, active.length, nowMs) || isAsking;
    }
  }

  /** Stops all requests; what is written is remembered. The partial file is left open. May be called again. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.collectAsUsual();
    for (const request of this.requests) request.cancel();
    for (const { pieces, isChecking } of this.board.open) {
      if (isChecking) continue;
      for (const { start, filledTo, end } of pieces) if (filledTo > start && filledTo < end) this.partial.noteFilled({ start, end: filledTo });
    }
  }

  private activeSources(sources: readonly Source[]): readonly Source[] {
    if (sources.length <= limits.maxSources) return sources;
    const busyFirst = [...sources].sort((one, other) => Number(other.openRequests > 0) - Number(one.openRequests > 0));
    return busyFirst.slice(0, limits.maxSources);
  }

  private askNext(source: Source, sourceCount: number, nowMs: number): boolean {
    const rate = source.rate.perSecond(nowMs) ?? 0;
    if (this.isClosed || source.state !== 'usable' || source.openBytes >= Math.max(minInFlightBytes, Math.min(maxInFlightBytes, rate))) return false;
    const pieces = this.board.next(source, sourceCount, nowMs);
    if (!pieces) return false;
    const request = new PieceRequest(source, pieces);
    this.requests.add(request);
    source.rate.start(nowMs);
    void this.bring(request);
    return true;
  }

  private review(request: PieceRequest, nowMs: number): void {
    const { source, waitingSinceMs } = request;
    const isWanted = request.pieces.some((piece) => !piece.isStale && this.board.wants(this.board.chunkOf(piece)));
    if (source.state !== 'usable' || !request.isNeeded || !isWanted) request.cancel();
    else if (waitingSinceMs !== undefined && nowMs - waitingSinceMs > this.parts.silentMs) {
      source.lose(`it was silent for ${String(Math.round(this.parts.silentMs / 1000))} s`);
      request.cancel();
    }
  }

  private async bring(request: PieceRequest): Promise<void> {
    const { source, signal } = request;
    const { clock, distrusted } = this.parts;
    try {
      const onWait = (isWaiting: boolean): void => {
        request.waitingSinceMs = isWaiting ? clock.now() : undefined;
      };
      for await (const bytes of readFromPeer(source.peer, this.partial.id, request, { signal, onWait })) {
        source.failures = 0;
        this.lastBytesMs = clock.now();
        source.rate.add(bytes.byteLength, this.lastBytesMs);
        if (!(await this.take(request, bytes))) break;
      }
    } catch (error) {
      if (!signal.aborted) noteSourceFailure(source, error, { distrusted, nowMs: clock.now() });
    } finally {
      this.requests.delete(request);
      request.release();
      if (source.openRequests === 0) source.rate.stop();
      this.parts.onChange();
    }
  }

  /** Writes what is missing of the bytes that came. False if nothing more is needed. */
  private async take(request: PieceRequest, bytes: Buffer): Promise<boolean> {
    const from = request.position;
    request.position += bytes.byteLength;
    for (const piece of request.pieces) {
      if (piece.end <= from || piece.start >= request.position) continue;
      await this.fill(piece, request, bytes, from);
    }
    return !this.isClosed && this.failure === undefined && request.isNeeded;
  }

  private async fill(piece: Piece, { source, position }: PieceRequest, bytes: Buffer, from: number): Promise<void> {
    const start = Math.max(from, piece.start);
    const end = Math.min(position, piece.end);
    // Another node may have been faster, or the chunk is fetched anew.
    if (this.isClosed || piece.isStale || start > piece.filledTo || end <= piece.filledTo) return;
    const written = bytes.subarray(piece.filledTo - from, end - from);
    const writing = this.partial.write(piece.filledTo, written, { isLastUse: written.byteLength === bytes.byteLength });
    const chunk = this.board.chunkOf(piece);
    chunk.note(piece, end, source);
    if (piece.filledTo === piece.end) {
      this.partial.noteFilled(piece);
      for (const taker of piece.takers) if (!taker.isNeeded) taker.cancel();
      if (chunk.isFilled) this.check(chunk);
    }
    await writing.catch((error: unknown) => {
      this.fail(error);
    });
  }

  private check(chunk: BoardChunk): void {
    chunk.isChecking = true;
    void this.track(chunk.index, async () => {
      const isGood = await this.partial.verify(chunk.index);
      if (isGood) this.parts.onLoaded(chunk.end - chunk.start);
      await blame(chunk, isGood, { partial: this.partial, sources: this.sources, accuse: this.parts.accuse });
      if (isGood) this.board.finish(chunk);
      this.forgetAccused();
      return isGood;
    }).catch(() => undefined);
  }

  /** What they sent of chunks that are not complete need not be awaited to be wrong. */
  private forgetAccused(): void {
    for (const chunk of this.board.open) {
      if (!chunk.isChecking && chunk.segments.some(({ source }) => source?.hasLied === true || source?.isSetAside)) this.restart(chunk, chunk.sole);
    }
  }

  private restart(chunk: BoardChunk, sole: Source | undefined): void {
    chunk.restart(sole);
    this.partial.restart(chunk.index);
  }

  private async track(chunk: number, work: () => Promise<boolean>): Promise<boolean> {
    const running = work();
    this.checking.set(chunk, running);
    try {
      return await running;
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      this.checking.delete(chunk);
      this.parts.onChange();
    }
  }

  private fail(error: unknown): void {
    if (this.isClosed) return;
    this.failure ??= error ?? new KacheryError('internal', 'Fetching failed without a reason.');
    for (const request of this.requests) request.cancel();
    this.parts.onChange();
  }
}
