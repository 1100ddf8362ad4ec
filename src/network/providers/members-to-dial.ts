import { type NodeId } from '../../core/node-id.js';

/** How things stand with the members of large channels. */
export interface KeptLinksState {
  /** How many this node should have dialed. */
  readonly kept: number;
  /** How many it has dialed, or is dialing. */
  readonly dialed: number;
  /** Whether a connection with a member may be tried now: there is none, somebody says where it is, and it has not failed just before. */
  readonly canDial: (nodeId: NodeId) => boolean;
}

/** Members that are dialed at a time. */
const dialsOfStep = 8;

/** Whom to dial next of the members in a node's own order, so that it has as many connections as it keeps, with those that come first as far as that can be. */
export function membersToDial(order: readonly NodeId[], { kept, dialed, canDial }: KeptLinksState): readonly NodeId[] {
  const missing = Math.min(dialsOfStep, kept - dialed);
  const chosen: NodeId[] = [];
  for (const nodeId of order) {
    if (chosen.length >= missing) break;
    if (canDial(nodeId)) chosen.push(nodeId);
  }
  return chosen;
}
