import { cancelled } from '../../core/cancellation.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { orAborted } from '../../core/or-aborted.js';
import { type FeedInfo } from '../../feeds/feed-store.js';
import { type MissingPeer, type Peer } from '../../network/peer.js';
import { FeedInquiry } from './feed-inquiry.js';
import { type FeedSources } from './feed-sources.js';
import { type ReplicationParts } from './replication-parts.js';

/** Stops a search when aborted. */
export interface SearchOptions {
  readonly signal: AbortSignal;
}

/** Nodes that a message names at most. */
const maxNamed = 5;

/** Finds feeds on this node or, if one of the others has it, begins a copy here. */
export class FeedLocator {
  private readonly searches = new Map<FeedId, Promise<FeedInfo>>();

  constructor(
    private readonly parts: ReplicationParts,
    private readonly sources: FeedSources,
    private readonly closing: AbortSignal,
  ) {}

  /**
   * The feed, here. Fails with `feed-not-found` if every node that may be asked said that it does not have it, or if it was deleted here, and with
   * `node-unreachable` if nodes that may have it could not be asked.
   */
  async locate(id: FeedId, { signal }: SearchOptions): Promise<FeedInfo> {
    const known = await this.findHere(id);
    if (known) return known;
    const search = this.searches.get(id) ?? this.search(id).finally(() => this.searches.delete(id));
    this.searches.set(id, search);
    return orAborted(search, signal, cancelled);
  }

  /**
   * The connected node that claims to be the feed's owner, asked anew. Fails with `node-unreachable` if it is not connected and cannot be, and with
   * `feed-not-found` if every node that may be asked said that it does not have the feed.
   */
  async owner(id: FeedId, { signal }: SearchOptions): Promise<Peer> {
    const isOwner = ({ nodeId }: Peer): boolean => this.sources.holders.holdingOf(nodeId, id) === 'owner';
    const known = this.sources.connected(id).find(isOwner);
    if (known) return known;
    const { silent, missing } = await new FeedInquiry({ peers: this.parts.peers, sources: this.sources, id, isWanted: isOwner }).run(signal);
    const found = this.sources.connected(id).find(isOwner);
    if (found) return found;
    const hasCopies = this.parts.peers.connected().some(({ nodeId }) => this.sources.holders.holdingOf(nodeId, id) === 'replica');
    if (!hasCopies && missing.length === 0 && silent.length === 0 && !(await this.findHere(id))) throw nobodyHasIt(id);
    throw new KacheryError(
      'node-unreachable',
      `The node that owns feed://${id} is not connected, and only it can append to it. ${whoIsMissing(missing, silent)} Submit again when it is online.`,
      { feed_id: id },
    );
  }

  private async findHere(id: FeedId): Promise<FeedInfo | undefined> {
    try {
      return await this.parts.feeds.find(id);
    } catch (error) {
      if (!isKacheryError(error, 'feed-not-found') || error.details['deleted_at'] !== undefined) throw error;
      return undefined;
    }
  }

  private async search(id: FeedId): Promise<FeedInfo> {
    const { peers } = this.parts;
    const isWanted = ({ nodeId }: Peer): boolean => this.sources.holders.isHolder(nodeId, id);
    const { isFound, silent, missing } = await new FeedInquiry({ peers, sources: this.sources, id, isWanted }).run(this.closing);
    if (isFound) return this.parts.feeds.addReplica(id);
    if (missing.length === 0 && silent.length === 0) throw nobodyHasIt(id);
    throw new KacheryError(
      'node-unreachable',
      `No connected node has feed://${id}, and others may have it. ${whoIsMissing(missing, silent)} Try again when they are online, or check the id.`,
      { feed_id: id },
    );
  }
}

function nobodyHasIt(id: FeedId): KacheryError {
  return new KacheryError(
    'feed-not-found',
    `Neither this node nor any that it may ask has feed://${id}. Check the id, and that its node is in a channel of yours.`,
    {
      feed_id: id,
    },
  );
}

function whoIsMissing(missing: readonly MissingPeer[], silent: readonly Peer[]): string {
  const absent = missing.map((peer) => (peer.problem === '' ? nameOf(peer) : `${nameOf(peer)} (${peer.problem})`));
  const names = [...absent, ...silent.map((peer) => `${nameOf(peer)} (did not answer)`)];
  if (names.length === 0) return 'All nodes that this one may ask were asked.';
  const rest = names.length > maxNamed ? ` and ${String(names.length - maxNamed)} more` : '';
  return `Not reached: ${names.slice(0, maxNamed).join(', ')}${rest}.`;
}

function nameOf({ nodeId, label }: { readonly nodeId: string; readonly label: string }): string {
  return label === '' ? nodeId.slice(0, 16) : label;
}
