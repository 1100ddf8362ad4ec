import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { orAborted } from '../../core/or-aborted.js';
import { type RequestOptions } from '../peer.js';
import { type IndexNetwork } from './index-network.js';

/** Connects with members, each once at a time, and remembers for a while who could not be reached. */
export class MemberReach {
  private readonly doubtfulUntilMs = new Map<NodeId, number>();
  private readonly underWay = new Map<NodeId, Promise<boolean>>();

  constructor(
    private readonly network: Pick<IndexNetwork, 'isConnected' | 'connect'>,
    private readonly clock: Clock,
    private readonly options: { readonly doubtMs: number },
  ) {}

  /** Whether the node could not be reached, or did not answer, a short while ago. */
  isDoubtful(nodeId: NodeId): boolean {
    return (this.doubtfulUntilMs.get(nodeId) ?? -Infinity) > this.clock.now();
  }

  /** The nodes in the order in which to try them: those that are connected, the others, those that are doubtful. */
  inOrder(nodeIds: readonly NodeId[]): readonly NodeId[] {
    const rank = (nodeId: NodeId): number => (this.network.isConnected(nodeId) ? 0 : this.isDoubtful(nodeId) ? 2 : 1);
    return [...nodeIds].sort((one, other) => rank(one) - rank(other));
  }

  /** Connects with a node if it is not connected, and tells whether it is. Never fails. */
  async reach(nodeId: NodeId, options: RequestOptions = {}): Promise<boolean> {
    if (this.network.isConnected(nodeId)) return true;
    const connecting = this.underWay.get(nodeId) ?? this.network.connect(nodeId).finally(() => this.underWay.delete(nodeId));
    this.underWay.set(nodeId, connecting);
    const isReached = await orAborted(connecting, options.signal).catch(() => false);
    if (!isReached && options.signal?.aborted !== true) this.doubt(nodeId);
    return isReached;
  }

  /** Notes that a node did not answer as it should. */
  doubt(nodeId: NodeId): void {
    const nowMs = this.clock.now();
    if (this.doubtfulUntilMs.size >= limits.maxChannelNodes) {
      for (const [known, untilMs] of this.doubtfulUntilMs) if (untilMs <= nowMs) this.doubtfulUntilMs.delete(known);
    }
    if (this.doubtfulUntilMs.size < limits.maxChannelNodes) this.doubtfulUntilMs.set(nodeId, nowMs + this.options.doubtMs);
  }
}
