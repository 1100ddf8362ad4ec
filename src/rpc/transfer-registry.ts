import { type Clock } from '../core/clock.js';
import { Bell } from '../transfer/bell.js';

/** A movement of one file's bytes between this node and a client or another node, as it is at a moment. */
export interface Transfer {
  readonly id: number;
  readonly kind: 'store' | 'read' | 'fetch' | 'serve';
  readonly state: 'active' | 'done' | 'failed';
  /** Empty while it is not known. */
  readonly uri: string;
  readonly transferredBytes: number;
  /** 0 if it is not known. */
  readonly sizeBytes: number;
  readonly startedAtMs: number;
}

/** A transfer that is under way, for whoever moves the bytes. */
export interface OpenTransfer {
  /** Tells that so many more bytes were moved. */
  add(bytes: number): void;
  /** Tells how it ended, and the address if it was not known before. Only the first call counts. */
  end(state: 'done' | 'failed', uri?: string): void;
}

const progressIntervalMs = 250;
const maxWaitingPerWatcher = 10_000;

/** Knows the transfers that are under way and tells watchers of them. */
export class TransferRegistry {
  private readonly active = new Map<number, Transfer>();
  private readonly watchers = new Set<(transfer: Transfer) => void>();
  private lastId = 0;

  constructor(private readonly clock: Clock) {}

  /** Registers a transfer. Its end must be told. */
  begin(kind: Transfer['kind'], uri: string, sizeBytes: number): OpenTransfer {
    const id = ++this.lastId;
    let lastToldMs = this.clock.now();
    let transfer: Transfer = { id, kind, state: 'active', uri, transferredBytes: 0, sizeBytes, startedAtMs: lastToldMs };
    const become = (next: Transfer): void => {
      transfer = next;
      this.active.set(id, next);
    };
    become(transfer);
    this.tell(transfer);
    return {
      add: (bytes) => {
        become({ ...transfer, transferredBytes: transfer.transferredBytes + bytes });
        if (this.watchers.size === 0 || this.clock.now() - lastToldMs < progressIntervalMs) return;
        lastToldMs = this.clock.now();
        this.tell(transfer);
      },
      end: (state, endUri) => {
        if (!this.active.delete(id)) return;
        this.tell({ ...transfer, state, uri: endUri ?? transfer.uri });
      },
    };
  }

  /**
   * Transfers under way, then each as it begins, goes on (a few times a second) and ends, until `signal` is aborted. To a slow watcher only the latest state
   * of each transfer is told, and the oldest are forgotten when very many wait.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<Transfer, void, undefined> {
    const waiting = new Map(this.active);
    const news = new Bell();
    const hear = (transfer: Transfer): void => {
      waiting.delete(transfer.id);
      waiting.set(transfer.id, transfer);
      if (waiting.size > maxWaitingPerWatcher) waiting.delete(waiting.keys().next().value ?? 0);
      news.ring();
    };
    this.watchers.add(hear);
    try {
      while (!signal.aborted) {
        yield* takeAll(waiting);
        if (waiting.size === 0) await news.wait({ signal });
      }
    } finally {
      this.watchers.delete(hear);
    }
  }

  private tell(transfer: Transfer): void {
    for (const watcher of this.watchers) watcher(transfer);
  }
}

function* takeAll(waiting: Map<number, Transfer>): Generator<Transfer, void, undefined> {
  for (const [id, transfer] of waiting) {
    waiting.delete(id);
    yield transfer;
  }
}
