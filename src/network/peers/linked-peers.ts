import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { type Link } from '../link/link.js';
import { type Links } from '../links.js';
import { type Member, type Membership } from '../membership.js';
import { type MissingPeer, type Peer, type Peers, type PeerSearch, type PeerSelection, type RequestOptions } from '../peer.js';
import { type HolderSearch } from '../providers/holder-search.js';
import { EverybodySearch } from './everybody-search.js';
import { IndexedSearch } from './indexed-search.js';
import { RemotePeer } from './remote-peer.js';

/** The other nodes that joined channels authorise, as the links reach them. */
export class LinkedPeers implements Peers {
  private readonly peers = new WeakMap<Link, Peer>();

  constructor(
    private readonly links: Links,
    private readonly membership: Membership,
    /** A search by the index of large channels; absent for a node that keeps none. */
    private readonly holders?: () => HolderSearch,
  ) {}

  connected(selection: PeerSelection = {}): readonly Peer[] {
    const selected = this.selected(selection);
    return this.links
      .connected()
      .filter(({ nodeId }) => selected(nodeId))
      .sort((one, other) => (one.roundTripMs ?? Infinity) - (other.roundTripMs ?? Infinity) || 0)
      .map((link) => this.peerOver(link));
  }

  missing(selection: PeerSelection = {}): readonly MissingPeer[] {
    const connected = new Set(this.links.connected().map(({ nodeId }) => nodeId));
    return this.selectedMembers(selection)
      .filter(({ nodeId }) => !connected.has(nodeId))
      .map(({ nodeId, label }) => ({ nodeId, label, problem: this.links.problemOf(nodeId), hasRefused: this.links.hasRefused(nodeId) }));
  }

  async connectMissing(selection: PeerSelection = {}, { signal }: RequestOptions = {}): Promise<void> {
    const missing = this.missingOrNone(selection)
      .map(({ nodeId }) => nodeId)
      .filter((nodeId) => nodeId === selection.nodeId || this.links.large.isClose(nodeId));
    if (missing.length > 0) await this.links.connect(missing, signal);
  }

  search(): PeerSearch {
    const { large } = this.links;
    if (!this.holders || large.all().length === 0) return new EverybodySearch(this);
    return new IndexedSearch({ peers: this, large, holders: this.holders() });
  }

  watch(onChange: () => void): () => void {
    return this.links.watch(onChange);
  }

  /** Who asks for what cannot be has heard that from `connected`. */
  private missingOrNone(selection: PeerSelection): readonly MissingPeer[] {
    try {
      return this.missing(selection);
    } catch {
      return [];
    }
  }

  private peerOver(link: Link): Peer {
    const known = this.peers.get(link);
    if (known) return known;
    const peer = new RemotePeer(link);
    this.peers.set(link, peer);
    return peer;
  }

  private selectedMembers(selection: PeerSelection): readonly Member[] {
    const selected = this.selected(selection);
    return [...this.membership.members().values()].filter(({ nodeId }) => selected(nodeId));
  }

  private selected({ nodeId, channel }: PeerSelection): (candidate: NodeId) => boolean {
    const members = this.membership.members();
    const address = channel === undefined ? undefined : this.membership.addressOf(channel);
    const isConnected = (): boolean => this.links.connected().some((link) => link.nodeId === nodeId);
    if (nodeId !== undefined && !members.has(nodeId) && !isConnected()) throw notAMember(nodeId);
    return (candidate) =>
      (nodeId === undefined || candidate === nodeId) && (address === undefined || (members.get(candidate)?.channels.includes(address) ?? false));
  }
}

function notAMember(nodeId: NodeId): KacheryError {
  return new KacheryError(
    'not-authorized',
    `No channel that this node has joined lists the node ${nodeId} together with this one. Join a channel that does, or ask the owner of one to add it.`,
    { node: nodeId },
  );
}
