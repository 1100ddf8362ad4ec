import { KacheryError } from '../../core/failure.js';

/** Notices when a tunnel carries nothing for too long. */
export class Silence {
  private readonly timer: NodeJS.Timeout;

  /** `onTooLong` hears a failure with `deadline-exceeded`. */
  constructor(idleMs: number, onTooLong: (failure: KacheryError) => void) {
    this.timer = setTimeout(() => {
      onTooLong(new KacheryError('deadline-exceeded', `The tunnel carried nothing for ${String(idleMs / 1000)} s.`));
    }, idleMs).unref();
  }

  /** Says that something was carried. */
  broken(): void {
    this.timer.refresh();
  }

  /** Ends the watch. */
  release(): void {
    clearTimeout(this.timer);
  }
}
