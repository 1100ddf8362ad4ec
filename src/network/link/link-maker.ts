import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { linkKinds } from '../link-facts.js';
import { type Membership } from '../membership.js';
import { CallerConnection, type CallerHost } from './caller-connection.js';
import { DialedPair } from './dialed-pair.js';
import { Link, type LinkParts } from './link.js';
import { type DialedStream, type LinkDialer, type OnDialed, type Route } from './link-dialer.js';
import { type Neighbours } from './neighbours.js';

/** What a maker works with. */
export interface LinkMakerParts {
  readonly ownId: NodeId;
  readonly membership: Pick<Membership, 'tags' | 'compare'>;
  readonly dialer: LinkDialer;
  readonly host: CallerHost;
  readonly linkParts: LinkParts;
  readonly neighbours: Neighbours;
  /** Hears of a connection over which this node can call another one. */
  readonly onPair: (pair: DialedPair) => void;
}

/** Connects this node with others that it dials. */
export class LinkMaker {
  /** Nodes that a connection is being made with just now. */
  private readonly underWay = new Set<NodeId>();

  constructor(private readonly parts: LinkMakerParts) {}

  /**
   * Dials by these routes, of which there has to be one at least, and connects in both directions with the node that answers first, if there is no connection as
   * good with it already. Resolves with its id. Fails with `node-unreachable`, with `not-authorized` if no channel authorises both nodes or the other one says
   * so, and with `cancelled`.
   */
  async connect(routes: readonly Route[], options: { readonly signal: AbortSignal; readonly onDialed: OnDialed }): Promise<NodeId> {
    const dialed = await this.parts.dialer.dialToCall(routes, options);
    const { nodeId } = dialed.secure;
    if (!this.isNeeded(dialed)) {
      dialed.secure.socket.destroy();
      return nodeId;
    }
    this.underWay.add(nodeId);
    try {
      this.parts.onPair(await this.makePair(dialed, options.signal));
      return nodeId;
    } finally {
      this.underWay.delete(nodeId);
    }
  }

  private isNeeded({ secure: { nodeId }, route }: DialedStream): boolean {
    const { ownId, neighbours } = this.parts;
    if (nodeId === ownId || this.underWay.has(nodeId)) return false;
    const best = neighbours.get(nodeId)?.best;
    return !best || linkKinds.indexOf(route.carrier.kind) < linkKinds.indexOf(best.origin.kind);
  }

  private async makePair(dialed: DialedStream, signal: AbortSignal): Promise<DialedPair> {
    const { secure, route } = dialed;
    const { linkParts, host, dialer } = this.parts;
    const facts = { kind: route.carrier.kind, remoteAddress: route.destination.address };
    this.checkIsListed(dialed);
    const link = await Link.open(secure, { ...facts, isDialed: true }, linkParts, signal);
    try {
      return new DialedPair(link, new CallerConnection(await dialer.dialToServe(dialed, signal), facts, host));
    } catch (error) {
      link.close(error instanceof KacheryError ? error : new KacheryError('internal', String(error), {}, { cause: error }));
      throw error;
    }
  }

  /** To whom no channel lists, this node says nothing of itself. */
  private checkIsListed({ secure: { nodeId, socket }, route }: DialedStream): void {
    const { membership } = this.parts;
    if (membership.compare(nodeId, membership.tags()).shared.length > 0) return;
    socket.destroy();
    const { address } = route.destination;
    throw new KacheryError('not-authorized', `${address}: the node there, ${nodeId}, is not one that a joined channel lists together with this node`, {
      address,
      node: nodeId,
    });
  }
}
