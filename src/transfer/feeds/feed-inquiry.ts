import { setMaxListeners } from 'node:events';

import { throwIfCancelled } from '../../core/cancellation.js';
import { type FeedId } from '../../core/feed-id.js';
import { type MissingPeer, type Peer, type Peers, type PeerSearch } from '../../network/peer.js';
import { ownerRecordId } from '../../network/providers/owner-record-id.js';
import { Bell } from '../bell.js';
import { type FeedSources } from './feed-sources.js';

/** What came of asking nodes for a feed. */
export interface FeedInquiryResult {
  readonly isFound: boolean;
  /** Nodes that did not answer. */
  readonly silent: readonly Peer[];
  /** Nodes that may have it and are not connected. */
  readonly missing: readonly MissingPeer[];
}

/** What is looked for, and among whom. */
export interface FeedInquiryTask {
  readonly peers: Peers;
  readonly sources: FeedSources;
  readonly id: FeedId;
  /** Whether a node that has answered is what is looked for. */
  readonly isWanted: (peer: Peer) => boolean;
  /** Nodes that need not be asked; none, if it is left out. */
  readonly isKnown?: (peer: Peer) => boolean;
}

/** Asks nodes whether they have a feed, once: those that are connected, then those that can be as they are connected, until one is what is looked for. */
export class FeedInquiry {
  private readonly search: PeerSearch;
  private readonly changes = new Bell();
  private readonly asked = new Set<Peer>();
  private readonly silent: Peer[] = [];
  private readonly ended = new AbortController();
  private asking = 0;
  private isFound = false;

  constructor(private readonly task: FeedInquiryTask) {
    this.search = task.peers.search();
  }

  /** Resolves as soon as one node is what is looked for, or when all have answered. Fails with `cancelled` only. */
  async run(signal: AbortSignal): Promise<FeedInquiryResult> {
    throwIfCancelled(signal);
    const { peers, sources, id } = this.task;
    sources.noteSearch(id, this.search);
    const stopping = AbortSignal.any([signal, this.ended.signal]);
    // All who are asked hear of it.
    setMaxListeners(0, stopping);
    const stopWatching = peers.watch(() => {
      this.askConnected(stopping);
    });
    try {
      this.askConnected(stopping);
      await this.answers(stopping);
      for (let isMore = true; isMore && !this.isFound;) isMore = await this.reachMore(stopping);
    } finally {
      stopWatching();
      this.ended.abort();
    }
    throwIfCancelled(signal);
    return { isFound: this.isFound, silent: this.silent, missing: this.search.missing() };
  }

  private async reachMore(signal: AbortSignal): Promise<boolean> {
    const { id } = this.task;
    const state = { isUnderWay: true, isMore: false };
    void this.search.reachMore([ownerRecordId(id), id], undefined, { signal }).then((isMore) => {
      Object.assign(state, { isUnderWay: false, isMore });
      this.askConnected(signal);
      this.changes.ring();
    });
    while (state.isUnderWay && !this.isFound && !signal.aborted) await this.changes.wait({ signal });
    await this.answers(signal);
    return state.isMore && !signal.aborted;
  }

  /** Resolves when all who were asked have answered, or one is what is looked for. */
  private async answers(signal: AbortSignal): Promise<void> {
    while (this.asking > 0 && !this.isFound && !signal.aborted) await this.changes.wait({ signal });
  }

  private askConnected(signal: AbortSignal): void {
    const { isKnown } = this.task;
    for (const peer of signal.aborted ? [] : this.search.connected()) {
      if (this.asked.has(peer)) continue;
      this.asked.add(peer);
      if (isKnown?.(peer) !== true) void this.ask(peer, signal);
    }
  }

  private async ask(peer: Peer, signal: AbortSignal): Promise<void> {
    const { sources, id, isWanted } = this.task;
    this.asking += 1;
    try {
      await sources.holders.ask(peer, [id], { signal });
      if (isWanted(peer)) this.isFound = true;
    } catch (error) {
      if (signal.aborted) return;
      sources.noteFailure(peer, undefined, error);
      this.silent.push(peer);
    } finally {
      this.asking -= 1;
      this.changes.ring();
    }
  }
}
