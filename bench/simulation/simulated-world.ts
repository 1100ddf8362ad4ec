import { type NodeId } from '../../src/core/node-id.js';
import { type IndexedChannel } from '../../src/network/providers/indexed-channel.js';
import { type SimulatedTime } from './simulated-time.js';

/** What a simulated node knows of the world around it. */
export interface SimulatedWorld<Node> {
  readonly time: SimulatedTime;
  /** A number from 0 to 1, without 1, the same in each run. */
  readonly random: () => number;
  readonly channel: IndexedChannel;
  /** All members. */
  readonly nodes: readonly Node[];
  /** Where all can be reached first. */
  readonly bootstrap: Node;
  /** A member. */
  node(nodeId: NodeId): Node;
  /** Time from one node to another, in milliseconds. */
  delayMs(): number;
}
