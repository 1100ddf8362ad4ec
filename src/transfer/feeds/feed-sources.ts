import { isKacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { type SubfeedAddress } from '../../core/subfeed.js';
import { type NodeId } from '../../core/node-id.js';
import { type Peer, type PeerSearch } from '../../network/peer.js';
import { FeedHolders, type Holding } from './feed-holders.js';
import { type AnswerWait, firstAnswers } from './first-answers.js';
import { PeerTroubles, type TroubleScope } from './peer-troubles.js';
import { type ReplicationParts, type ReplicationTimes } from './replication-parts.js';

/** Nodes that are asked at a time where one subfeed ends; so many if one of them is the owner's. */
const maxAskedNodes = 16;
const maxAskedWithOwner = 3;
/** Feeds of which the last search is remembered. */
const maxSearches = 1_000;

/** A node that may be asked for a feed. */
export interface FeedSource {
  readonly peer: Peer;
  /** Whether it claims to be the owner's; undefined if it was not asked yet. */
  readonly isOwner: boolean | undefined;
}

/** Knows which of the connected nodes can be asked for a feed, and which are better left alone. */
export class FeedSources {
  readonly holders: FeedHolders;
  readonly troubles: PeerTroubles;
  private readonly searches = new Map<FeedId, PeerSearch>();

  /** `onTroubleOver` hears when a node that was left alone may be asked again. */
  constructor(
    private readonly parts: ReplicationParts,
    times: ReplicationTimes,
    onTroubleOver: () => void,
  ) {
    this.holders = new FeedHolders(parts.clock, times);
    this.troubles = new PeerTroubles(times, onTroubleOver);
  }

  /** The connected nodes that can be asked, nearest first; in large channels those that are worth asking for the feed: see `noteSearch`. */
  connected(subject?: FeedId | SubfeedAddress): readonly Peer[] {
    const isWorthAsking = subject === undefined ? () => true : this.worthAsking(typeof subject === 'string' ? subject : subject.feedId);
    return this.parts.peers.connected().filter(({ nodeId }) => isWorthAsking(nodeId) && !this.troubles.isTroubled(nodeId, subject));
  }

  /** From now on those of large channels are asked for a feed whom this search finds worth asking; as always, those too who said that they have it. */
  noteSearch(id: FeedId, search: PeerSearch): void {
    this.searches.delete(id);
    if (search.dependsOnContent) this.searches.set(id, search);
    const [oldest] = this.searches.keys();
    if (this.searches.size > maxSearches && oldest !== undefined) this.searches.delete(oldest);
  }

  /** Whether the owner is connected. */
  hasOwner(id: FeedId): boolean {
    return this.connected(id).some(({ nodeId }) => this.holders.holdingOf(nodeId, id) === 'owner');
  }

  /**
   * Those of them that are asked where a subfeed ends: the owner first, then the nearest. Where the owner is known, others that are known to have the feed;
   * otherwise also those that were not asked yet.
   */
  candidates(subfeed: SubfeedAddress): readonly FeedSource[] {
    const known = this.connected(subfeed).map((peer) => ({ peer, holding: this.holders.holdingOf(peer.nodeId, subfeed.feedId) }));
    const having = (wanted: Holding | undefined): FeedSource[] =>
      known.filter(({ holding }) => holding === wanted).map(({ peer }) => ({ peer, isOwner: wanted && wanted === 'owner' }));
    const [owners, copies] = [having('owner'), having('replica')];
    if (owners.length > 0) return [...owners, ...copies].slice(0, maxAskedWithOwner);
    return [...copies, ...having(undefined)].slice(0, maxAskedNodes);
  }

  /** Asks those nodes of which it is not known whether they have a feed; those that are much slower than the first are not waited for. Never fails. */
  async learn(id: FeedId, wait: AnswerWait): Promise<void> {
    const unknown = this.connected(id).filter(({ nodeId }) => this.holders.holdingOf(nodeId, id) === undefined);
    await firstAnswers(
      unknown,
      (peer, signal) => this.holders.ask(peer, [id], { signal }),
      wait,
      (peer, error) => {
        this.noteFailure(peer, undefined, error);
      },
    );
  }

  /** Draws the consequences of what a request failed with; `scope` says what was asked for. */
  noteFailure({ nodeId, label }: Peer, scope: TroubleScope, error: unknown): void {
    if (isKacheryError(error, 'cancelled')) return;
    const { log } = this.parts;
    if (isKacheryError(error, 'content-corrupt')) {
      const feedId = typeof scope === 'object' ? scope.feedId : scope;
      this.troubles.noteDistrust(nodeId, feedId);
      log.warn({ err: error, peer: nodeId, label, feedId }, 'a node sent what is not genuine; it is not asked for the feed for a while');
    } else if (isKacheryError(error, 'feed-forked') && scope !== undefined) this.troubles.noteDistrust(nodeId, scope);
    else if (isKacheryError(error, 'feed-not-found') && scope !== undefined) this.noteAbsence(nodeId, scope);
    else {
      this.troubles.noteFailure(nodeId);
      log.debug({ err: error, peer: nodeId, label }, 'a node did not answer for feeds; it is asked again later');
    }
  }

  private worthAsking(id: FeedId): (nodeId: NodeId) => boolean {
    const search = this.searches.get(id) ?? this.parts.peers.search();
    if (!search.dependsOnContent) return () => true;
    const named = new Set(search.connected().map(({ nodeId }) => nodeId));
    return (nodeId) => named.has(nodeId) || this.holders.isHolder(nodeId, id);
  }

  private noteAbsence(nodeId: Peer['nodeId'], scope: FeedId | SubfeedAddress): void {
    this.holders.note(nodeId, typeof scope === 'string' ? scope : scope.feedId, 'absent');
  }
}
