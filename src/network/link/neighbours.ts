import { type KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { Neighbour, type NeighbourEvents } from './neighbour.js';
import { type RepeatedTry } from './repeated-try.js';

/** The other nodes that this one knows: members of its channels, and those that it is connected with. */
export class Neighbours {
  private readonly byId = new Map<NodeId, Neighbour>();
  private closing: KacheryError | undefined;

  constructor(
    private readonly ownId: NodeId,
    private readonly events: NeighbourEvents,
    private readonly makeTries: (neighbour: Neighbour) => RepeatedTry,
  ) {}

  /** The node of this id, made known if it was not. */
  of(nodeId: NodeId): Neighbour {
    const known = this.byId.get(nodeId);
    if (known) return known;
    const neighbour = new Neighbour(nodeId, this.ownId, this.events, this.makeTries);
    this.byId.set(nodeId, neighbour);
    if (this.closing) void neighbour.close(this.closing);
    return neighbour;
  }

  /** The node of this id, if it is known. */
  get(nodeId: NodeId): Neighbour | undefined {
    return this.byId.get(nodeId);
  }

  /** All of them, those known longest first. */
  all(): readonly Neighbour[] {
    return [...this.byId.values()];
  }

  /** How many of them `isCounted` says yes of. */
  count(isCounted: (neighbour: Neighbour) => boolean): number {
    return this.all().filter(isCounted).length;
  }

  /** Ends all connections with all of them, for good: what is added from now on is ended as it comes. Resolves when what there was is closed. Never fails. */
  async close(reason: KacheryError): Promise<void> {
    this.closing ??= reason;
    await Promise.all(this.all().map((neighbour) => neighbour.close(reason)));
  }

  /** Forgets a node that there is no connection with. */
  forget(neighbour: Neighbour): void {
    if (neighbour.isThere || this.byId.get(neighbour.nodeId) !== neighbour) return;
    this.byId.delete(neighbour.nodeId);
    void neighbour.tries.close();
  }
}
