import { type Clock } from '../core/clock.js';
import { limits } from '../core/limits.js';
import { type NodeId } from '../core/node-id.js';

/** Remembers which nodes sent wrong bytes. */
export class DistrustedPeers {
  /** When each node lied lately. */
  private readonly lies = new Map<NodeId, number[]>();

  constructor(private readonly clock: Clock) {}

  /** A node sent bytes that were not what it said. */
  noteLie(nodeId: NodeId): void {
    this.lies.set(nodeId, [...this.recentLies(nodeId), this.clock.now()].slice(-limits.liesUntilDistrust));
  }

  /** Why a node is not to be asked now, for people; undefined if it may be. */
  problemOf(nodeId: NodeId): string | undefined {
    if (this.recentLies(nodeId).length < limits.liesUntilDistrust) return undefined;
    return `it sent wrong bytes ${String(limits.liesUntilDistrust)} times in the last ${String(limits.distrustMs / 60_000)} minutes and is not asked for a while`;
  }

  private recentLies(nodeId: NodeId): number[] {
    return (this.lies.get(nodeId) ?? []).filter((lieMs) => lieMs > this.clock.now() - limits.distrustMs);
  }
}
