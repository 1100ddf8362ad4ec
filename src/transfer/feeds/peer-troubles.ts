import { type NodeId } from '../../core/node-id.js';
import { type FeedId } from '../../core/feed-id.js';
import { type SubfeedAddress } from '../../core/subfeed.js';

/** What a trouble is about: a node altogether, or what it has of one feed or subfeed. */
export type TroubleScope = FeedId | SubfeedAddress | undefined;

interface Trouble {
  /** How often it failed in a row; 0 for a node that is not believed. */
  readonly failures: number;
  /** Undefined when it is over, while it is remembered how often it came in a row. */
  readonly timer: NodeJS.Timeout | undefined;
}

/** Which nodes are left alone for a while, since they failed or said what is not true. */
export class PeerTroubles {
  private readonly troubles = new Map<string, Trouble>();

  /** `onOver` hears when a node may be asked again. */
  constructor(
    private readonly options: { readonly firstRetryMs: number; readonly maxRetryMs: number; readonly distrustMs: number },
    private readonly onOver: () => void,
  ) {}

  /** Leaves a node alone, longer each time until it is well again. */
  noteFailure(nodeId: NodeId): void {
    const key = keyOf(nodeId, undefined);
    const failures = (this.troubles.get(key)?.failures ?? 0) + 1;
    this.begin(key, failures, Math.min(this.options.firstRetryMs * 2 ** (failures - 1), this.options.maxRetryMs));
  }

  /** Leaves a node alone for long, in one matter. */
  noteDistrust(nodeId: NodeId, scope: TroubleScope): void {
    this.begin(keyOf(nodeId, scope), 0, this.options.distrustMs);
  }

  /** Says that a node does what it should. */
  noteSuccess(nodeId: NodeId): void {
    const key = keyOf(nodeId, undefined);
    if (this.troubles.get(key)?.timer === undefined) this.troubles.delete(key);
  }

  /** Forgets the failures of a node that was connected anew; not that it is not believed. */
  forgive(nodeId: NodeId): void {
    const key = keyOf(nodeId, undefined);
    const trouble = this.troubles.get(key);
    if (!trouble || trouble.failures === 0) return;
    clearTimeout(trouble.timer);
    this.troubles.delete(key);
  }

  /** Whether a node is to be left alone in a matter, or altogether. */
  isTroubled(nodeId: NodeId, subfeed?: SubfeedAddress | FeedId): boolean {
    if (this.isLeftAlone(nodeId, undefined)) return true;
    if (subfeed === undefined) return false;
    return typeof subfeed === 'string' ? this.isLeftAlone(nodeId, subfeed) : this.isLeftAlone(nodeId, subfeed.feedId) || this.isLeftAlone(nodeId, subfeed);
  }

  /** Ends all waiting. May be called again. */
  close(): void {
    for (const { timer } of this.troubles.values()) clearTimeout(timer);
    this.troubles.clear();
  }

  private isLeftAlone(nodeId: NodeId, scope: TroubleScope): boolean {
    return this.troubles.get(keyOf(nodeId, scope))?.timer !== undefined;
  }

  private begin(key: string, failures: number, durationMs: number): void {
    clearTimeout(this.troubles.get(key)?.timer);
    const timer = setTimeout(() => {
      if (failures > 0) this.troubles.set(key, { failures, timer: undefined });
      else this.troubles.delete(key);
      this.onOver();
    }, durationMs);
    this.troubles.set(key, { failures, timer });
  }
}

function keyOf(nodeId: NodeId, scope: TroubleScope): string {
  if (scope === undefined) return nodeId;
  return typeof scope === 'string' ? `${nodeId}/${scope}` : `${nodeId}/${scope.feedId}/${scope.subfeedHash}`;
}
