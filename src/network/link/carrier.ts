import { type Duplex } from 'node:stream';

import { type NodeId } from '../../core/node-id.js';
import { type RequestOptions } from '../peer.js';
import { type LinkKind } from '../link-facts.js';

/** Where a carrier may reach a node. */
export interface Destination {
  /** As this carrier writes it, such as `host:port`. */
  readonly address: string;
  /** The node that is expected there; undefined if that is to be learned. */
  readonly nodeId: NodeId | undefined;
}

/** A stream of bytes that somebody made to this node. Who it is, is not known yet. */
export interface IncomingStream {
  readonly stream: Duplex;
  /** Where it comes from, for people: `host:port`, or the id of the relay. */
  readonly remoteAddress: string;
  /** What strangers are counted by, so that one of them cannot take all room: the IP address, or the id of the relay. */
  readonly source: string;
}

/** A way to carry bytes between nodes. What it carries is secured by its user. */
export interface Carrier {
  readonly kind: LinkKind;

  /** Whether an address of which nobody says whose it is, is one of this carrier's. */
  takes(address: string): boolean;

  /** Where this carrier may reach a node, the best first; none if it knows no way. */
  destinationsOf(nodeId: NodeId): readonly Destination[];

  /** Connects. Fails with `node-unreachable`, and with `cancelled` if the signal says so. The caller destroys the stream. */
  dial(destination: Destination, options: RequestOptions): Promise<Duplex>;

  /** Begins to take streams from others. Fails with `invalid-argument` if it cannot listen as it was told. Does nothing where it listens already. */
  listen(onStream: (incoming: IncomingStream) => void): Promise<void>;

  /** Addresses, as `host:port`, under which others may reach this node directly; none where it does not listen. */
  listeningAddresses(): readonly string[];

  /** Takes no more streams from others, also where it is just beginning to; those that it has given go on. Resolves when they have ended, too. */
  close(): Promise<void>;

  /** Frees what its streams needed, and ends those that are not closed by then. Nothing, if there is nothing. */
  release?(): Promise<void>;
}
