import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type MutableKey } from './mutable-store.js';

type Listener = (key: MutableKey) => void;

/** Tells which keys were changed. */
export class MutableChanges {
  private readonly listeners = new Set<Listener>();

  /** Tells that a key has another value, or none any more. */
  tell(key: MutableKey): void {
    for (const listener of this.listeners) listener(key);
  }

  /** Listens, from now on, to the keys that begin with `prefix`. The result must be closed. */
  listen(prefix: string): ChangedKeys {
    const changed = new ChangedKeys(prefix, () => this.listeners.delete(changed.hear));
    this.listeners.add(changed.hear);
    return changed;
  }
}

/** The keys that were changed and not yet taken, each once. */
export class ChangedKeys {
  private readonly waiting = new Set<MutableKey>();
  private isOverfull = false;
  private wake = (): void => undefined;

  constructor(
    private readonly prefix: string,
    /** Stops the listening. */
    readonly close: () => void,
  ) {}

  /** Hears of a change. */
  readonly hear = (key: MutableKey): void => {
    if (!key.startsWith(this.prefix)) return;
    if (this.waiting.size >= limits.maxWaitingMutables) this.isOverfull = true;
    else this.waiting.add(key);
    this.wake();
  };

  /** The next key; undefined once the signal is aborted. Fails with `too-busy` if too many wait. */
  async next(signal: AbortSignal): Promise<MutableKey | undefined> {
    const onAbort = (): void => {
      this.wake();
    };
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        if (signal.aborted) return undefined;
        if (this.isOverfull) throw overfull();
        const [key] = this.waiting;
        if (key !== undefined) {
          this.waiting.delete(key);
          return key;
        }
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function overfull(): KacheryError {
  const limit = String(limits.maxWaitingMutables);
  return new KacheryError('too-busy', `More than ${limit} keys changed while the client took nothing. Watch again, beginning with what is there.`, { limit });
}
