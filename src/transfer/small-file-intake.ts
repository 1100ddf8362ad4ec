import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type FileStore, type StoredFile } from '../storage/file-store.js';

interface Waiting {
  readonly content: Uint8Array;
  readonly resolve: (file: StoredFile) => void;
  readonly reject: (error: unknown) => void;
}

/** Stores small contents that come one by one, many at once: what comes while a batch is being stored waits for the next. */
export class SmallFileIntake {
  private readonly waiting: Waiting[] = [];
  private isStoring = false;

  constructor(private readonly target: Pick<FileStore, 'storeSmallFiles'>) {}

  /** Stores a content; durable when it resolves. Fails as FileStore.storeSmallFiles. */
  store(content: Uint8Array): Promise<StoredFile> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ content, resolve, reject });
      if (this.isStoring) return;
      this.isStoring = true;
      setImmediate(() => void this.storeWaiting());
    });
  }

  private async storeWaiting(): Promise<void> {
    for (let batch = this.takeBatch(); batch.length > 0; batch = this.takeBatch()) await this.storeBatch(batch);
    this.isStoring = false;
  }

  private async storeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.target.storeSmallFiles(batch.map(({ content }) => content));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result && !(result instanceof KacheryError)) resolve(result.file);
        else reject(result ?? new KacheryError('internal', 'The store gave fewer results than it was given files.'));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private takeBatch(): Waiting[] {
    let sizeBytes = 0;
    const tooMany = this.waiting.findIndex(({ content }, index) => {
      sizeBytes += content.byteLength;
      return index > 0 && (index >= limits.maxBatchFiles || sizeBytes > limits.maxBatchBytes);
    });
    return this.waiting.splice(0, tooMany === -1 ? this.waiting.length : tooMany);
  }
}
