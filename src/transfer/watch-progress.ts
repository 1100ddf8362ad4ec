import { pause } from '../core/pause.js';
import { systemTimers } from '../core/timers.js';
import { type Bell } from './bell.js';
import { type LoadProgress } from './load-event.js';

/** Something that is told how far it is. */
interface Progressing {
  readonly changes: Bell;
  progress(): LoadProgress;
}

/** How often is looked at least: not every byte that comes rings, since that would cost more than the bytes. */
const leastLookMs = 50;

/** Tells how far a work is, at once, whenever that changes, but not more often than every `intervalMs`, and at the end of the work. Never fails. */
export async function* watchProgress(progressing: Progressing, work: Promise<unknown>, intervalMs: number): AsyncGenerator<LoadProgress, void, undefined> {
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  work.then(end, end);
  const { signal } = over;
  const isOver = (): boolean => signal.aborted;
  let last = '';
  while (!isOver()) {
    const progress = progressing.progress();
    const told = JSON.stringify(progress);
    if (told !== last) yield progress;
    last = told;
    await pause(systemTimers, intervalMs, signal);
    const timeoutMs = Math.max(intervalMs, leastLookMs);
    while (!isOver() && JSON.stringify(progressing.progress()) === last) await progressing.changes.wait({ signal, timeoutMs });
  }
  const progress = progressing.progress();
  if (JSON.stringify(progress) !== last) yield progress;
}
