import { type SingleBar } from 'cli-progress';

import { type Progress } from '../client/kachery-client.js';
import { resolveClientSettings } from '../config/client-settings.js';
import { systemClock } from '../core/clock.js';
import { type CommandContext } from './command-context.js';
import { formatProgress, type ProgressView } from './progress-line.js';
import { TransferRate } from './transfer-rate.js';

const redrawsPerSecond = 8;
const quietMs = 400;

/** Shows on a terminal how far a command is, once it takes a while. Close it before anything else is written to the terminal; it comes back by itself. */
export class ProgressBar {
  private readonly openedAtMs = systemClock.now();
  private readonly rate = new TransferRate(systemClock);
  private doneBytes = 0;
  private sizeBytes = 0;
  private drawn: SingleBar | undefined;

  private constructor(private readonly makeBar: (() => SingleBar) | undefined) {}

  /** A bar on standard error; one that never shows anything unless that is a terminal, results are for people and the user has not turned it off. */
  static async open({ environment, stderr, output }: CommandContext): Promise<ProgressBar> {
    if (stderr.isTTY !== true || output.json || !resolveClientSettings(environment).progress) return new ProgressBar(undefined);
    const { default: cliProgress } = await import('cli-progress');
    const options = { stream: stderr, fps: redrawsPerSecond, clearOnComplete: true, hideCursor: true, gracefulExit: false };
    const format = (_options: unknown, _parameters: unknown, view: ProgressView): string => formatProgress(view);
    return new ProgressBar(() => new cliProgress.SingleBar({ ...options, format }));
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
    this.drawn?.stop();
    this.drawn = undefined;
  }

  private show(state: string): void {
    const { doneBytes, sizeBytes } = this;
    this.rate.observe(doneBytes);
    if (systemClock.now() - this.openedAtMs < quietMs) return;
    const view: ProgressView = { state, doneBytes, sizeBytes, bytesPerSecond: this.rate.bytesPerSecond() };
    this.drawn ??= this.start(view);
    this.drawn?.update(doneBytes, view);
  }

  private start(view: ProgressView): SingleBar | undefined {
    const bar = this.makeBar?.();
    bar?.start(view.sizeBytes, 0, view);
    return bar;
  }
}
