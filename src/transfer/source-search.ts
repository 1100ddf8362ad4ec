import { type Clock } from '../core/clock.js';
import { type KacheryError } from '../core/failure.js';
import { type PeerSelection } from '../network/peer.js';
import { type Bell } from './bell.js';
import { fetchFailure } from './fetch-failure.js';
import { type FetchTiming } from './fetch-timing.js';
import { type LoadState } from './load-event.js';
import { type Source } from './source.js';
import { type SourceBook } from './source-book.js';

/** What a search works with. */
export interface SourceSearchParts {
  readonly book: SourceBook;
  readonly clock: Clock;
  /** Rings when anything changes. */
  readonly changes: Bell;
  readonly timing: FetchTiming;
  /** How messages name the content. */
  readonly uri: string;
  readonly become: (state: LoadState) => void;
  /** Fails if the search is not wanted any more. */
  readonly throwIfOver: () => void;
  readonly signal: AbortSignal;
}

/** Finds the sources of a content, and waits for those that are lost. */
export class SourceSearch {
  private hasAsked = false;
  private hasConnected = false;
  /** Since when no bytes come for want of sources. */
  private waitingSinceMs: number | undefined;
  private retriedAtMs = -Infinity;
  /** Whether lost sources were waited for as long as they are. It changes between two steps only, so that the caller can still do without them before it fails. */
  isOverdue = false;

  constructor(private readonly parts: SourceSearchParts) {}

  /** Sources that can be asked now. */
  get usable(): Source[] {
    return this.parts.book.sources.filter(({ state }) => state === 'usable');
  }

  /** Lets more nodes be asked. Fails as Peers.connected. */
  select(selection: PeerSelection): void {
    if (!this.parts.book.addSelection(selection)) return;
    this.hasConnected = false;
    this.notePeers();
  }

  /** Nodes were connected or lost. */
  notePeers(): void {
    const { book, changes, signal } = this.parts;
    book.noteLost();
    if (this.hasAsked) book.askConnected(signal);
    changes.ring();
  }

  /** Finds nodes that have the content: those that are connected first, and if none of them has it, those that can be connected. Fails if nobody has it. */
  async locate(): Promise<void> {
    const { book, become, signal } = this.parts;
    this.hasAsked = true;
    for (;;) {
      if (this.usable.length === 0) become('finding');
      book.askConnected(signal);
      await this.answers();
      if (this.usable.length > 0 || this.hasConnected) break;
      await this.connectOthers(() => this.usable.length > 0);
    }
    if (book.sources.length === 0) throw this.failure();
  }

  /** Also asks nodes that have to be connected first, and resolves when all have answered or had their time. */
  async hearAll(): Promise<void> {
    const { book, changes, signal, throwIfOver } = this.parts;
    if (!this.hasConnected) await this.connectOthers(() => false);
    while (book.isAsking) {
      await changes.wait({ signal });
      throwIfOver();
    }
  }

  /**
   * One step of what is done when sources were found and none of `sources`, those that count, can be asked now: others are looked for once; those that are lost
   * are tried again; it fails when there are none, or when it took too long.
   */
  async wait(sources: readonly Source[]): Promise<void> {
    if (!this.hasConnected) {
      await this.connectOthers(() => this.usable.length > 0);
      return;
    }
    const { book, clock, timing, become, changes, signal } = this.parts;
    book.noteLost();
    if (!book.isAsking && !sources.some(({ state }) => state === 'lost')) throw this.failure();
    become('waiting');
    const nowMs = clock.now();
    this.waitingSinceMs ??= nowMs;
    if (this.isOverdue) throw this.failure();
    if (nowMs - this.retriedAtMs >= timing.retryMs) {
      this.retriedAtMs = nowMs;
      book.askLost(signal);
      void book.connectMissing(signal);
    }
    await changes.wait({ signal, timeoutMs: timing.tickMs });
    this.isOverdue = clock.now() - this.waitingSinceMs > timing.waitForSourceMs;
    this.parts.throwIfOver();
  }

  /** Bytes came, or none are wanted: the next wait is a new one. `lastBytesMs`: when. */
  noteBytes(lastBytesMs: number): void {
    if (lastBytesMs <= (this.waitingSinceMs ?? Infinity)) return;
    this.waitingSinceMs = undefined;
    this.isOverdue = false;
  }

  /** Those that were too busy may be asked again when they had their time. */
  resumeBusy(): void {
    const nowMs = this.parts.clock.now();
    for (const source of this.parts.book.sources) {
      if (source.state === 'lost' && source.retryAtMs !== undefined && source.retryAtMs <= nowMs) source.resume();
    }
  }

  private async connectOthers(isEnough: () => boolean): Promise<void> {
    const { book, become, changes, signal, throwIfOver } = this.parts;
    this.hasConnected = true;
    if (!book.canReachOthers) return;
    become('connecting');
    const connecting = { isUnderWay: true };
    void book.connectMissing(signal).then((mayBeMore) => {
      if (mayBeMore) this.hasConnected = false;
      connecting.isUnderWay = false;
      if (!signal.aborted) this.notePeers();
    });
    while ((connecting.isUnderWay || book.isAsking) && !isEnough()) {
      await changes.wait({ signal });
      throwIfOver();
    }
  }

  /** Resolves when all who were asked have answered, or one has the content and the others had their time, too. */
  private async answers(): Promise<void> {
    const { book, clock, changes, timing, signal, throwIfOver } = this.parts;
    let foundAtMs: number | undefined;
    while (book.isAsking) {
      if (this.usable.length > 0) foundAtMs ??= clock.now();
      const leftMs = foundAtMs === undefined ? undefined : foundAtMs + timing.otherAnswersMs - clock.now();
      if (leftMs !== undefined && leftMs <= 0) return;
      await changes.wait({ signal, ...(leftMs !== undefined && { timeoutMs: leftMs }) });
      throwIfOver();
    }
  }

  private failure(): KacheryError {
    const { book, uri } = this.parts;
    return fetchFailure({ uri, sources: book.sources, answers: book.otherAnswers, missing: book.missing() });
  }
}
