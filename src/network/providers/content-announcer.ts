import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { pause } from '../../core/pause.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type Timers } from '../../core/timers.js';
import { type ContentCatalog } from './content-catalog.js';
import { type IndexTiming } from './index-timing.js';
import { type IndexedChannel } from './indexed-channel.js';
import { partOfKey } from './part-of-key.js';
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

/** By the address of a channel, parts of its index. */
type PartsOfChannels = ReadonlyMap<string, ReadonlySet<number>>;

/** Members that are told at a time: of what is new, in the first round, and where too few have heard; and later. */
const parallelAtFirst = 8;
const parallelLater = 1;

/** Announces the contents of this node in large channels: all of them now and then, what is new soon, and what too few members heard of again. `close` it. */
export class ContentAnnouncer {
  private readonly news = new Set<RecordedId>();
  private readonly announced = new Set<string>();
  /** Where fewer members than should have heard. */
  private readonly unheard = new Map<string, Set<number>>();
  private readonly closing = new AbortController();
  private readonly stops: (() => void)[] = [];
  private stopRound = (): void => undefined;
  private stopRepair: (() => void) | undefined;
  private stopNews: (() => void) | undefined;
  private repairs = 0;
  /** Whether since the last repair anybody has heard anything: not so without a network. */
  private isHeard = false;
  /** Rounds and repairs, one after another. */
  private listing: Promise<void> = Promise.resolve();
  private isRoundDue = false;
  /** Ends the pauses of the round that is under way. */
  private hurry = new AbortController();
  /** When all that is here is announced again in all channels; undefined before the first round. */
  private nextFullRoundMs: number | undefined;
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
    if (addresses.every((address) => this.announced.has(address))) return;
    // A round takes hours, and a new channel does not wait for it.
    if (this.isRoundDue) this.hurry.abort();
    else this.roundAfter(this.timing.firstRoundMs * (1 + this.parts.random()));
  }

  /** Ends; resolves when nothing is under way any more. May be called again. */
  async close(): Promise<void> {
    this.closing.abort();
    this.stopRound();
    this.stopRepair?.();
    this.stopNews?.();
    for (const stop of this.stops) stop();
    await Promise.all([this.listing, this.newsUnderWay]);
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
    this.repairLater();
  }

  private roundAfter(delayMs: number): void {
    this.stopRound();
    if (this.closing.signal.aborted) return;
    this.stopRound = this.parts.timers.after(delayMs, () => {
      this.isRoundDue = true;
      this.listing = this.listing.then(() => this.round());
    });
  }

  /** Announces all that is here in those channels in which nothing was announced yet, or otherwise in all of them. */
  private async round(): Promise<void> {
    const all = this.parts.network.channels();
    const fresh = all.filter(({ address }) => !this.announced.has(address));
    const isFull = fresh.length === 0;
    const channels = isFull ? all : fresh;
    for (const { address } of channels) this.unheard.delete(address);
    this.hurry = new AbortController();
    const isListed = await this.announceAll(channels, () => (isFull ? this.pace(parallelLater, this.timing.spreadMs) : this.pace(parallelAtFirst, 0)));
    this.isRoundDue = false;
    if (channels.length > 0) this.nextRound(channels, { isFull, isListed });
    this.repairLater();
  }

  private nextRound(channels: readonly IndexedChannel[], { isFull, isListed }: { readonly isFull: boolean; readonly isListed: boolean }): void {
    const { clock, random } = this.parts;
    const { retryMs, roundMs } = this.timing;
    if (!isListed) {
      this.roundAfter(retryMs);
      return;
    }
    for (const { address } of channels) this.announced.add(address);
    const nowMs = clock.now();
    if (isFull || this.nextFullRoundMs === undefined) this.nextFullRoundMs = nowMs + roundMs * (0.9 + random() / 5);
    this.roundAfter(this.nextFullRoundMs - nowMs);
    this.noteChannels();
  }

  /** What too few members heard of is told to others, later and later. */
  private repairLater(): void {
    if (this.closing.signal.aborted || this.unheard.size === 0 || this.isRoundDue) return;
    const { retryMs, roundMs, offlineRetryMs } = this.timing;
    const pauseMs = Math.min(this.isHeard ? roundMs : offlineRetryMs, retryMs * 2 ** this.repairs);
    this.stopRepair ??= this.parts.timers.after(pauseMs * (0.9 + this.parts.random() / 5), () => {
      this.listing = this.listing.then(() => this.repair());
    });
  }

  private async repair(): Promise<void> {
    const wanted: PartsOfChannels = new Map(this.unheard);
    this.unheard.clear();
    this.isHeard = false;
    const channels = this.parts.network.channels().filter(({ address }) => wanted.has(address));
    await this.announceAll(channels, () => this.pace(parallelAtFirst, 0), wanted);
    this.repairs = this.unheard.size > 0 ? this.repairs + 1 : 0;
    this.stopRepair = undefined;
    this.repairLater();
  }

  /** Announces all that is here, or only what belongs to `wanted`, and tells whether it could be listed. */
  private async announceAll(
    channels: readonly IndexedChannel[],
    paceIn: (channel: IndexedChannel) => PlacementPace,
    wanted?: PartsOfChannels,
  ): Promise<boolean> {
    const { log, catalog } = this.parts;
    if (channels.length === 0) return true;
    let count = 0;
    try {
      for await (const ids of catalog.pages()) {
        count += ids.length;
        for (const channel of channels) await this.place(channel, ids, paceIn(channel), wanted);
        if (this.closing.signal.aborted) return true;
      }
    } catch (error) {
      log.warn({ err: error }, 'what is here could not be listed to announce it to other nodes; it is tried again later');
      return false;
    }
    log.debug({ contents: count, channels: channels.length, partsHeardOfByTooFew: this.unheard.size }, 'contents were announced in large channels');
    return true;
  }

  private async place(channel: IndexedChannel, ids: readonly RecordedId[], pace: PlacementPace, wanted?: PartsOfChannels): Promise<void> {
    const { address } = channel;
    const isWanted = wanted?.get(address);
    const keys = ids.map((id) => recordKey(address, id)).filter((key) => isWanted?.has(partOfKey(key)) ?? true);
    const { placed, incomplete } = await placeRecords(channel, keys, this.parts, this.timing, pace);
    if (placed > 0) this.isHeard = true;
    const unheard = this.unheard.get(address) ?? new Set();
    for (const part of incomplete) unheard.add(part);
    if (unheard.size > 0) this.unheard.set(address, unheard);
  }

  private pace(parallel: number, spreadMs: number): PlacementPace {
    const [{ signal }, { timers }] = [this.closing, this.parts];
    const untilHurried = spreadMs > 0 ? AbortSignal.any([signal, this.hurry.signal]) : signal;
    return { parallel, spreadMs, pause: (pauseMs) => pause(timers, pauseMs, untilHurried), signal };
  }
}
