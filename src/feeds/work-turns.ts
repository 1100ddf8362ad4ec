import { setImmediate as turn } from 'node:timers/promises';

const maxTurnMs = 10;

/** Gives everybody else a turn now and then, within a computation that may be long. */
export class WorkTurns {
  private beganAtMs = performance.now();

  /** Whether it is time for a turn of the others. */
  get isDue(): boolean {
    return performance.now() - this.beganAtMs >= maxTurnMs;
  }

  /** Lets the others have a turn if it is time for it. */
  async pass(): Promise<void> {
    if (!this.isDue) return;
    await turn();
    this.beganAtMs = performance.now();
  }
}
