import { type SignedHead } from '../../core/feed-head.js';
import { isKacheryError } from '../../core/failure.js';
import { type SubfeedAddress } from '../../core/subfeed.js';
import { type SubfeedHead } from '../../feeds/subfeed-head.js';
import { type Peer } from '../../network/peer.js';
import { type FeedSource, type FeedSources } from './feed-sources.js';
import { firstAnswers } from './first-answers.js';
import { type ReplicationParts, type ReplicationTimes } from './replication-parts.js';

/** A node and where a subfeed ends there. */
export interface SurveyedSource extends FeedSource {
  /** Signed by the feed's key if it is ahead of what is here; undefined if the node has no messages. */
  readonly head: SignedHead | undefined;
  readonly nameJson: string | undefined;
}

/** What is here of a subfeed, and what connected nodes say. */
export interface HeadSurveyResult {
  readonly own: SubfeedHead;
  /** The owner first, then the nearest. */
  readonly sources: readonly SurveyedSource[];
}

/** Asks connected nodes where a subfeed ends. */
export class HeadSurvey {
  constructor(
    private readonly parts: Pick<ReplicationParts, 'feeds'>,
    private readonly sources: FeedSources,
    private readonly times: ReplicationTimes,
  ) {}

  /** Asks those that may have the feed, all at once; those that are much slower than the first are not waited for. Fails with `feed-forked` if a fork comes out. */
  async ask(subfeed: SubfeedAddress, signal: AbortSignal): Promise<HeadSurveyResult> {
    const { headGraceMs: graceMs } = this.times;
    const onFailure = ({ peer }: FeedSource, error: unknown): void => {
      this.sources.noteFailure(peer, subfeed, error);
    };
    const answers = await firstAnswers(this.sources.candidates(subfeed), (source, end) => this.askOne(source, subfeed, end), { graceMs, signal }, onFailure);
    const own = await this.ownHead(subfeed);
    const surveyed: SurveyedSource[] = [];
    for (const { peer, isOwner, told } of answers) {
      const isGood = await this.examine(peer, told, own);
      if (isGood) surveyed.push({ peer, isOwner, head: told.head, nameJson: told.nameJson });
    }
    return { own, sources: surveyed.sort((one, other) => Number(other.isOwner === true) - Number(one.isOwner === true)) };
  }

  /**
   * Takes note of the heads that a node shows, as far as they can be compared with what is here. Fails with `feed-forked` if they prove a fork, and resolves with
   * false if they are not signed with the feed's key.
   */
  async examine(peer: Peer, { subfeed, head, fork }: SubfeedHead, own: SubfeedHead): Promise<boolean> {
    try {
      await this.parts.feeds.checkFork(fork);
      const isSame = head !== undefined && head.length === own.head?.length && head.lastHash.equals(own.head.lastHash);
      if (head && !isSame) await this.parts.feeds.checkHead(head);
      return true;
    } catch (error) {
      if (!isKacheryError(error, 'content-corrupt')) throw error;
      this.sources.noteFailure(peer, subfeed, error);
      return false;
    }
  }

  private async askOne({ peer, isOwner }: FeedSource, subfeed: SubfeedAddress, signal: AbortSignal): Promise<FeedSource & { readonly told: SubfeedHead }> {
    const { holders } = this.sources;
    const asked = isOwner === undefined ? holders.ask(peer, [subfeed.feedId], { signal }) : undefined;
    const [[told]] = await Promise.all([peer.feeds.heads([subfeed], { signal }), asked]);
    return { peer, isOwner: holders.holdingOf(peer.nodeId, subfeed.feedId) === 'owner', told: told ?? nothingKnown(subfeed) };
  }

  private async ownHead(subfeed: SubfeedAddress): Promise<SubfeedHead> {
    const [own] = await this.parts.feeds.heads([subfeed]);
    return own ?? nothingKnown(subfeed);
  }
}

function nothingKnown(subfeed: SubfeedAddress): SubfeedHead {
  return { subfeed, nameJson: undefined, head: undefined, fork: [] };
}
