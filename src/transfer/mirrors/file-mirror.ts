import { type FileKeeper } from './file-keeper.js';
import { type MirrorAmount } from './mirror-facts.js';
import { type MirrorTarget } from './mirror-target.js';
import { type MirrorTimes } from './mirror-times.js';
import { type MirrorOutcome, type MirrorWork } from './mirror-work.js';
import { noAmount } from './no-amount.js';

/** Keeps one file here. */
export class FileMirror implements MirrorWork {
  amount: MirrorAmount = { ...noAmount, files: 1 };
  isFetching = false;

  constructor(
    private readonly target: MirrorTarget & { readonly kind: 'file' },
    private readonly keeper: FileKeeper,
    private readonly times: MirrorTimes,
  ) {}

  async bring(signal: AbortSignal): Promise<MirrorOutcome> {
    try {
      const { sizeBytes } = await this.keeper.keep(this.target, {
        signal,
        onProgress: (progress) => {
          this.isFetching = true;
          this.amount = { ...this.amount, loadedFiles: 0, loadedBytes: progress.loadedBytes, sizeBytes: progress.sizeBytes };
        },
      });
      this.amount = { ...noAmount, files: 1, loadedFiles: 1, loadedBytes: sizeBytes, sizeBytes };
      return { isComplete: true, againMs: this.times.checkMs };
    } finally {
      this.isFetching = false;
    }
  }

  close(): void {
    // Nothing goes on between two tries.
  }
}
