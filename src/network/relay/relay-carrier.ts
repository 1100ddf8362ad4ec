import { type Duplex } from 'node:stream';

import { tunnelDefinition } from '../../rpc/codec/tunnel-definition.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type Carrier, type Destination, type IncomingStream } from '../link/carrier.js';
import { type Link } from '../link/link.js';
import { unreachable } from '../link/unreachable.js';
import { type LinkKind } from '../link-facts.js';
import { type Member, type Membership } from '../membership.js';
import { type RequestOptions } from '../peer.js';
import { dialTunnel } from './dial-tunnel.js';

/** What a relay carrier works with. */
export interface RelayCarrierParts {
  readonly membership: Pick<Membership, 'members'>;
  /** The links to other nodes as they are now. */
  readonly connected: () => readonly Link[];
}

/** How many relays are tried for one node. */
const maxRelays = 4;

/** Streams through tunnels that other members keep: they work wherever both nodes can connect to the relay, and cost its line twice. */
export class RelayCarrier implements Carrier {
  readonly kind: LinkKind = 'relayed';
  private onStream: ((incoming: IncomingStream) => void) | undefined;

  constructor(private readonly parts: RelayCarrierParts) {}

  takes(): boolean {
    return false;
  }

  /** The relays, those first that have said that they are connected with the node. Their addresses are their ids. */
  destinationsOf(nodeId: NodeId): readonly Destination[] {
    const target = this.parts.membership.members().get(nodeId);
    if (!target) return [];
    const relays = this.parts.connected().filter((link) => link.nodeId !== nodeId && this.isRelayFor(link, target));
    const rank = (link: Link): number => Number(!link.neighbours.has(nodeId));
    return [...relays]
      .sort((one, other) => rank(one) - rank(other))
      .slice(0, maxRelays)
      .map((link) => ({ address: link.nodeId, nodeId }));
  }

  async dial({ address, nodeId }: Destination, { signal }: RequestOptions): Promise<Duplex> {
    const link = this.parts.connected().find((each) => each.nodeId === address);
    if (!link || nodeId === undefined) throw unreachable(address, 'this relay is not connected any more');
    return dialTunnel(link.channel.duplex(tunnelDefinition.openTunnel), {
      ...{ node: link, signal, timeoutMs: limits.connectMs },
      first: { targetNodeId: nodeId, data: Buffer.alloc(0) },
      messageOf: (data) => ({ targetNodeId: '', data }),
    });
  }

  /** Takes a tunnel that a node offers. Fails with `not-authorized` unless a channel says that it is a relay, and with `daemon-stopping`. */
  accept(relay: NodeId, stream: Duplex): void {
    if (this.parts.membership.members().get(relay)?.isRelay !== true) {
      throw new KacheryError('not-authorized', 'No joined channel says that the caller is a relay.', { node: relay });
    }
    if (!this.onStream) throw new KacheryError('daemon-stopping', 'The node takes no more connections.');
    this.onStream({ stream, remoteAddress: relay, source: relay });
  }

  listen(onStream: (incoming: IncomingStream) => void): Promise<void> {
    this.onStream = onStream;
    return Promise.resolve();
  }

  listeningAddresses(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    this.onStream = undefined;
    return Promise.resolve();
  }

  /** A relay that is reached through another one takes no tunnels; one that shares no channel with the target is not connected with it. */
  private isRelayFor({ nodeId, facts, origin }: Link, target: Member): boolean {
    const relay = this.parts.membership.members().get(nodeId);
    if (!relay?.isRelay || facts?.isRelay !== true || origin.kind === 'relayed') return false;
    return relay.channels.some((channel) => target.channels.includes(channel));
  }
}
