import { throwIfCancelled } from '../../core/cancellation.js';
import { KacheryError } from '../../core/failure.js';
import { type SubfeedAddress } from '../../core/subfeed.js';
import { type MessageFetcher } from './fetch-messages.js';
import { type HeadSurvey } from './head-survey.js';

/** How far one caller wants to be. */
export interface CatchUpOptions {
  readonly signal: AbortSignal;
  /** The length that is enough; all that there is, if it is left out. */
  readonly wantedLength?: number | undefined;
}

/** One look at where a subfeed ends elsewhere, and what it takes to get there. */
interface Flight {
  readonly controller: AbortController;
  callers: number;
  readonly done: Promise<void>;
}

/** What is under way for one subfeed. */
interface Traffic {
  current: Flight | undefined;
  /** Begins when the current one ends: whoever comes while that is under way wants to hear of what was appended since it began. */
  next: Flight | undefined;
  readonly waiting: Set<{ readonly length: number; readonly resolve: () => void }>;
}

/** Brings subfeeds up to date, each once for all who wait for it. */
export class CatchUp {
  private readonly traffic = new Map<string, Traffic>();

  constructor(
    private readonly survey: HeadSurvey,
    private readonly fetcher: MessageFetcher,
  ) {}

  /**
   * Resolves when everything is here that connected nodes had when this was called, or so much as is wanted. With nobody to ask, what is here is all. Fails as
   * MessageFetcher.fetch, and with `cancelled`.
   */
  async run(subfeed: SubfeedAddress, { signal, wantedLength = Infinity }: CatchUpOptions): Promise<void> {
    throwIfCancelled(signal);
    const key = subfeed.feedId + subfeed.subfeedHash;
    const traffic = this.traffic.get(key) ?? { current: undefined, next: undefined, waiting: new Set() };
    this.traffic.set(key, traffic);
    const flight = this.join(subfeed, traffic, key);
    flight.callers++;
    try {
      await this.waitFor(flight, traffic, { signal, wantedLength });
    } finally {
      flight.callers--;
      if (flight.callers === 0) flight.controller.abort(new KacheryError('cancelled', 'Nobody waits for these messages any more.'));
    }
  }

  private join(subfeed: SubfeedAddress, traffic: Traffic, key: string): Flight {
    if (!traffic.current) return (traffic.current = this.begin(subfeed, traffic, { key, after: Promise.resolve() }));
    return (traffic.next ??= this.begin(subfeed, traffic, { key, after: traffic.current.done }));
  }

  private begin(subfeed: SubfeedAddress, traffic: Traffic, { key, after }: { readonly key: string; readonly after: Promise<void> }): Flight {
    const controller = new AbortController();
    const fly = async (): Promise<void> => {
      await after.catch(() => undefined);
      try {
        await this.fly(subfeed, traffic, controller.signal);
      } finally {
        [traffic.current, traffic.next] = [traffic.next, undefined];
        if (!traffic.current) this.traffic.delete(key);
      }
    };
    const flight: Flight = { controller, callers: 0, done: fly() };
    // Those who wait for it hear of its failure; it may be that nobody does any more.
    flight.done.catch(() => undefined);
    return flight;
  }

  private async fly(subfeed: SubfeedAddress, traffic: Traffic, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    const result = await this.survey.ask(subfeed, signal);
    const onLength = (length: number): void => {
      for (const waiter of traffic.waiting) if (length >= waiter.length) waiter.resolve();
    };
    await this.fetcher.fetch(subfeed, result, { signal, onLength });
  }

  private async waitFor(flight: Flight, { waiting }: Traffic, { signal, wantedLength }: Required<CatchUpOptions>): Promise<void> {
    let end = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      end = resolve;
    });
    const waiter = { length: wantedLength ?? Infinity, resolve: end };
    waiting.add(waiter);
    signal.addEventListener('abort', end, { once: true });
    try {
      await Promise.race([flight.done, reached]);
      throwIfCancelled(signal);
    } finally {
      waiting.delete(waiter);
      signal.removeEventListener('abort', end);
    }
  }
}
