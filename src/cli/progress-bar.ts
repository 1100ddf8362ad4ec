import { type SingleBar } from 'cli-progress';

import { type Progress } from '../client/call-options.js';
import { resolveClientSettings } from '../config/client-settings.js';
import { systemClock } from '../core/clock.js';
import { type CommandContext } from './command-context.js';
import { formatProgress, type ProgressView } from './progress-line.js';
import { TransferRate } from './transfer-rate.js';

const redrawsPerSecond = 8;
const quietMs = 400;

/** Shows on a terminal how far a command is, once it takes a while. Close it before anything else is written to the terminal; it comes back by itself. */
export class ProgressBar {
  private readonly rate = new TransferRate(systemClock);
  private doneBytes = 0;
  private sizeBytes = 0;
  private latest: ProgressView | undefined;
  private isLate = false;
  private drawn: SingleBar | undefined;

  private constructor(private readonly makeBar: (() => SingleBar) | undefined) {}

  /** A bar on standard error; one that never shows anything unless that is a terminal, results are for people and the user has not turned it off. */
  static async open({ environment, stderr, output }: CommandContext): Promise<ProgressBar> {
    if (stderr.isTTY !== true || output.json || !resolveClientSettings(environment).progress) return new ProgressBar(undefined);
    const { default: cliProgress } = await import('cli-progress');
    const options = { stream: stderr, fps: redrawsPerSecond, clearOnComplete: true, hideCursor: true, gracefulExit: false };
    const format = (_options: unknown, _parameters: unknown, view: ProgressView): string => formatProgress(view);
    const bar = new ProgressBar(() => new cliProgress.SingleBar({ ...options, format }));
    setTimeout(() => {
      bar.isLate = true;
      bar.draw();
    }, quietMs).unref();
    // A second Ctrl-C ends the process at once; the terminal's cursor must come back all the same.
    process.once('exit', () => {
      bar.close();
    });
    return bar;
  }

  /** Listens to one operation; the bar shows all of them together. */
  task(): (progress: Progress) => void {
    if (this.makeBar === undefined) return () => undefined;
    let before = { doneBytes: 0, sizeBytes: 0 };
    return ({ state, doneBytes, sizeBytes }) => {
      this.doneBytes += doneBytes - before.doneBytes;
      this.sizeBytes += sizeBytes - before.sizeBytes;
      before = { doneBytes, sizeBytes };
      this.show(state);
    };
  }

  /** Removes the bar from the terminal until the next news. */
  close(): void {
    this.latest = undefined;
    this.drawn?.stop();
    this.drawn = undefined;
  }

  private show(state: string): void {
    const { doneBytes, sizeBytes } = this;
    this.rate.observe(doneBytes);
    this.latest = { state, doneBytes, sizeBytes, bytesPerSecond: this.rate.bytesPerSecond() };
    if (this.isLate) this.draw();
  }

  private draw(): void {
    if (this.latest === undefined) return;
    if (this.drawn === undefined) {
      this.drawn = this.makeBar?.();
      this.drawn?.start(this.latest.sizeBytes, this.latest.doneBytes, { ...this.latest });
    } else {
      this.drawn.update(this.latest.doneBytes, this.latest);
    }
  }
}
