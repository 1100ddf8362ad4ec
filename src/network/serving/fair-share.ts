import { type Clock } from '../../core/clock.js';
import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';

/** What nodes may take together. */
export interface ShareLimits {
  /** Bytes a second to all of them; undefined for as many as the line carries. */
  readonly bytesPerSecond: number | undefined;
  /** Transfers that one of them, and that all of them, may have under way. */
  readonly transfersPerNode: number;
  readonly transfers: number;
}

interface Waiting {
  readonly sizeBytes: number;
  readonly resolve: () => void;
}

/** How much of an unused second may be made up for. */
const burstMs = 100;

/**
 * Divides what this node sends, or takes, among the other nodes: a transfer takes bytes before it goes on with them, and when they are scarce, each node gets
 * its turn, however many transfers it has.
 */
export class FairShare {
  private readonly open = new Map<NodeId, number>();
  private readonly queues = new Map<NodeId, Waiting[]>();
  private openTransfers = 0;
  private creditBytes = 0;
  private creditedAtMs: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly limits: ShareLimits,
  ) {
    this.creditedAtMs = clock.now();
  }

  /** Begins a transfer to a node; call what it returns at its end. Fails with `too-busy`. */
  begin(nodeId: NodeId): () => void {
    const ofNode = this.open.get(nodeId) ?? 0;
    const { transfersPerNode, transfers } = this.limits;
    if (ofNode >= transfersPerNode) throw tooBusy(`This node has ${String(transfersPerNode)} transfers with one node already`, transfersPerNode);
    if (this.openTransfers >= transfers) throw tooBusy(`This node has ${String(transfers)} transfers already`, transfers);
    this.open.set(nodeId, ofNode + 1);
    this.openTransfers++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.end(nodeId);
    };
  }

  /** Resolves when so many bytes may be sent to a node. Rejects with the signal's reason. */
  async take(nodeId: NodeId, sizeBytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.limits.bytesPerSecond === undefined) return;
    await new Promise<void>((resolve, reject) => {
      const queue = this.queues.get(nodeId) ?? [];
      const onAbort = (): void => {
        const position = queue.indexOf(waiting);
        if (position !== -1) queue.splice(position, 1);
        reject(signal.reason as Error);
      };
      const waiting = {
        sizeBytes,
        resolve: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.push(waiting);
      this.queues.set(nodeId, queue);
      this.pump();
    });
  }

  private end(nodeId: NodeId): void {
    this.openTransfers--;
    const left = (this.open.get(nodeId) ?? 1) - 1;
    if (left === 0) this.open.delete(nodeId);
    else this.open.set(nodeId, left);
  }

  /** Lets through what there is credit for, one transfer a node in turn. What is larger than the credit makes a debt, so that it is never too large. */
  private pump(): void {
    const { bytesPerSecond } = this.limits;
    if (bytesPerSecond === undefined) return;
    this.credit(bytesPerSecond);
    while (this.creditBytes > 0) {
      const next = this.takeNext();
      if (!next) return;
      this.creditBytes -= next.sizeBytes;
      next.resolve();
    }
    // Whoever comes next begins anew; without anybody there is nothing to wait for.
    if (![...this.queues.values()].some((queue) => queue.length > 0)) return;
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.pump();
      },
      Math.ceil((1 - this.creditBytes) / (bytesPerSecond / 1000)),
    );
  }

  private credit(bytesPerSecond: number): void {
    const nowMs = this.clock.now();
    const earned = ((nowMs - this.creditedAtMs) / 1000) * bytesPerSecond;
    this.creditBytes = Math.min(this.creditBytes + Math.max(0, earned), (burstMs / 1000) * bytesPerSecond);
    this.creditedAtMs = nowMs;
  }

  /** The node whose turn it was goes to the end of the line. */
  private takeNext(): Waiting | undefined {
    for (const [nodeId, queue] of this.queues) {
      const next = queue.shift();
      this.queues.delete(nodeId);
      if (queue.length > 0) this.queues.set(nodeId, queue);
      if (next) return next;
    }
    return undefined;
  }
}

function tooBusy(what: string, limit: number): KacheryError {
  return new KacheryError('too-busy', `${what}, as many as it may. Wait until one has ended.`, { limit: String(limit) });
}
