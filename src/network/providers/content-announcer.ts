import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { pause } from '../../core/pause.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type Timers } from '../../core/timers.js';
import { type ContentCatalog } from './content-catalog.js';
import { type IndexTiming } from './index-timing.js';
import { type IndexedChannel } from './indexed-channel.js';
import { placeRecords, type PlacementPace, type RecordPlacementParts } from './place-records.js';
import { type RecordedId, recordKey } from './record-key.js';

/** What an announcer works with. */
export interface ContentAnnouncerParts extends RecordPlacementParts {
  readonly catalog: ContentCatalog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 to 1, without 1. */
  readonly random: () => number;
  readonly log: StructuredLog;
}

/** Members that are told at a time: of what is new and in the first round, and later. */
const parallelAtFirst = 8;
const parallelLater = 1;
/** A round in which fewer records than this share were taken is made again soon. */
const enoughPlaced = 0.5;

/** Announces the contents of this node in large channels: all of them now and then, and what is new soon. `close` it. */
export class ContentAnnouncer {
  private readonly news = new Set<RecordedId>();
  private readonly announced = new Set<string>();
  private readonly closing = new AbortController();
  private readonly stops: (() => void)[] = [];
  private stopRound = (): void => undefined;
  private stopNews: (() => void) | undefined;
  private failures = 0;
  private roundUnderWay: Promise<void> | undefined;
  private newsUnderWay: Promise<void> | undefined;

  constructor(
    private readonly parts: ContentAnnouncerParts,
    private readonly timing: IndexTiming,
  ) {}

  /** Begins to announce. */
  start(): void {
    this.stops.push(
      this.parts.catalog.watch((id) => {
        this.note(id);
      }),
    );
    this.noteChannels();
  }

  /** The joined channels have changed: what is here is announced in those that are new. */
  noteChannels(): void {
    const addresses = this.parts.network.channels().map(({ address }) => address);
    for (const address of this.announced) if (!addresses.includes(address)) this.announced.delete(address);
    if (addresses.every((address) => this.announced.has(address)) || this.roundUnderWay) return;
    this.roundAfter(this.timing.firstRoundMs * (1 + this.parts.random()));
  }

  /** Ends; resolves when nothing is under way any more. May be called again. */
  async close(): Promise<void> {
    this.closing.abort();
    this.stopRound();
    this.stopNews?.();
    for (const stop of this.stops) stop();
    await Promise.all([this.roundUnderWay, this.newsUnderWay]);
  }

  private note(id: RecordedId): void {
    if (this.parts.network.channels().length === 0 || this.news.size >= limits.maxWaitingNews) return;
    this.news.add(id);
    this.newsLater();
  }

  private newsLater(): void {
    if (this.closing.signal.aborted || this.newsUnderWay) return;
    this.stopNews ??= this.parts.timers.after(this.timing.newsMs, () => {
      this.stopNews = undefined;
      this.newsUnderWay = this.announceNews().finally(() => {
        this.newsUnderWay = undefined;
        if (this.news.size > 0) this.newsLater();
      });
    });
  }

  private async announceNews(): Promise<void> {
    const ids = [...this.news];
    this.news.clear();
    for (const channel of this.parts.network.channels()) await this.place(channel, ids, this.pace(parallelAtFirst, 0));
  }

  private roundAfter(delayMs: number): void {
    this.stopRound();
    if (this.closing.signal.aborted) return;
    this.stopRound = this.parts.timers.after(delayMs, () => {
      this.roundUnderWay = this.round().finally(() => {
        this.roundUnderWay = undefined;
      });
    });
  }

  private async round(): Promise<void> {
    const { network, log, random } = this.parts;
    const channels = network.channels();
    if (channels.length === 0) return;
    let [worst, count] = [1, 0];
    try {
      for await (const ids of this.parts.catalog.pages()) {
        count += ids.length;
        for (const channel of channels) {
          const isFirst = !this.announced.has(channel.address);
          const pace = isFirst ? this.pace(parallelAtFirst, 0) : this.pace(parallelLater, this.timing.spreadMs);
          worst = Math.min(worst, await this.place(channel, ids, pace));
        }
        if (this.closing.signal.aborted) return;
      }
    } catch (error) {
      worst = 0;
      log.warn({ err: error }, 'what is here could not be listed to announce it to other nodes; it is tried again later');
    }
    const isEnough = worst >= enoughPlaced;
    log.debug({ contents: count, channels: channels.length, isEnough }, 'contents were announced in large channels');
    for (const { address } of isEnough ? channels : []) this.announced.add(address);
    this.failures = isEnough ? 0 : this.failures + 1;
    const { roundMs, retryMs } = this.timing;
    this.roundAfter((isEnough ? roundMs : Math.min(roundMs, retryMs * 2 ** (this.failures - 1))) * (0.9 + random() / 5));
    if (isEnough) this.noteChannels();
  }

  private place(channel: IndexedChannel, ids: readonly RecordedId[], pace: PlacementPace): Promise<number> {
    const keys = ids.map((id) => recordKey(channel.address, id));
    return placeRecords(channel, keys, this.parts, this.timing, pace);
  }

  private pace(parallel: number, spreadMs: number): PlacementPace {
    const { signal } = this.closing;
    return { parallel, spreadMs, pause: (pauseMs) => pause(this.parts.timers, pauseMs, signal), signal };
  }
}
