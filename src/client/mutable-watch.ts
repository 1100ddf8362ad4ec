import { MutableServiceService as service, type WatchMutablesResponse } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { type Daemon } from './daemon.js';
import { listMutables } from './list-mutables.js';
import { mutableOf } from './mutable-of.js';
import { type Mutable, type MutableChange, type WatchMutablesOptions } from './mutables.js';
import { reconnecting } from './reconnecting.js';
import { required } from './required.js';

/**
 * Changes of mutables: what the daemon tells, and when it was away, the difference between what was there before and what is there now. Remembers the keys and
 * versions of what is there.
 */
export class MutableWatch {
  private readonly versions = new Map<string, bigint>();
  private isComparing: boolean;

  constructor(
    private readonly daemon: Daemon,
    private readonly options: WatchMutablesOptions,
  ) {
    this.isComparing = options.withExisting ?? false;
  }

  /** All changes until aborted. */
  changes(): AsyncGenerator<MutableChange, void, undefined> {
    return reconnecting(() => this.subscribe(), this.options.signal);
  }

  /** What is there is compared once the daemon has taken up the call, so that nothing happens in between. */
  private async *subscribe(): AsyncGenerator<MutableChange, void, undefined> {
    const { keyJsonPrefix = '', signal } = this.options;
    const left = new AbortController();
    const either = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    try {
      let takenUp!: () => void;
      const isTakenUp = new Promise<void>((resolve) => (takenUp = resolve));
      const request = { keyJsonPrefix, withExisting: false };
      const news = this.daemon.receive(service.watchMutables, request, { signal: either, timeoutMs: Infinity, onTakenUp: takenUp });
      const first = news.next();
      await Promise.race([isTakenUp, first]);
      // Whoever leaves meanwhile hears of no failure.
      first.catch(() => undefined);
      yield* this.compare();
      for (let next = await first; next.done !== true; next = await news.next()) yield* this.changeOf(next.value);
    } finally {
      left.abort();
    }
  }

  private async *compare(): AsyncGenerator<MutableChange, void, undefined> {
    const { keyJsonPrefix = '', signal } = this.options;
    const gone = new Set(this.versions.keys());
    for await (const record of listMutables(this.daemon, keyJsonPrefix, signal)) {
      gone.delete(record.keyJson);
      const isNews = this.note(record);
      if (this.isComparing && isNews) yield { kind: 'set', mutable: mutableOf(record) };
    }
    for (const keyJson of gone) yield* this.deletion(keyJson);
    this.isComparing = true;
  }

  private *changeOf({ change }: WatchMutablesResponse): Generator<MutableChange, void, undefined> {
    const { $case, value } = required(change, 'change');
    if ($case === 'deletedKeyJson') yield* this.deletion(value);
    else if (this.note(value)) yield { kind: 'set', mutable: mutableOf(value) };
  }

  private note({ keyJson, version }: { readonly keyJson: string; readonly version: bigint }): boolean {
    const isNews = version > (this.versions.get(keyJson) ?? 0n);
    if (isNews) this.versions.set(keyJson, version);
    return isNews;
  }

  private *deletion(keyJson: string): Generator<MutableChange, void, undefined> {
    if (this.versions.delete(keyJson)) yield { kind: 'deleted', key: JSON.parse(keyJson) as Mutable['key'] };
  }
}
