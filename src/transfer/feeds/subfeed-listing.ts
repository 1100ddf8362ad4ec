import { KacheryError } from '../../core/failure.js';
import { isSignedByFeed } from '../../core/feed-head.js';
import { type FeedId } from '../../core/feed-id.js';
import { type Page } from '../../core/page.js';
import { type SubfeedHash } from '../../core/subfeed.js';
import { type SubfeedInfo } from '../../feeds/feed-store.js';
import { type SubfeedHead } from '../../feeds/subfeed-head.js';
import { type Peer } from '../../network/peer.js';
import { type FeedSources } from './feed-sources.js';
import { firstAnswers } from './first-answers.js';
import { type ReplicationParts, type ReplicationTimes } from './replication-parts.js';

/** Nodes that are asked for the list of a feed's subfeeds. */
const maxListedNodes = 3;

interface Listed {
  readonly peer: Peer;
  readonly page: Page<SubfeedHead>;
}

/** Lists the subfeeds of other nodes' feeds: those that are here, and those that connected nodes tell of with signed heads. */
export class SubfeedListing {
  constructor(
    private readonly parts: Pick<ReplicationParts, 'feeds'>,
    private readonly sources: FeedSources,
    private readonly times: ReplicationTimes,
  ) {}

  /** As FeedStore.listSubfeeds. With nobody to ask, what is here is all. */
  async list(id: FeedId, after: SubfeedHash | undefined, options: { readonly count: number; readonly signal: AbortSignal }): Promise<Page<SubfeedInfo>> {
    const { count, signal } = options;
    const own = await this.parts.feeds.listSubfeeds(id, after, count);
    const onFailure = (peer: Peer, error: unknown): void => {
      this.sources.noteFailure(peer, id, error);
    };
    const wait = { graceMs: this.times.headGraceMs, signal };
    await this.sources.learn(id, wait);
    const listed = await firstAnswers(
      this.asked(id),
      async (peer, end): Promise<Listed> => ({ peer, page: await peer.feeds.listHeads(id, after, { signal: end }) }),
      wait,
      onFailure,
    );
    const end = lastCommon([own, ...listed.map(({ page }) => asHashes(page))]);
    const merged = new Map(own.items.map((info) => [info.hash, info]));
    for (const { peer, page } of listed) this.merge(merged, peer, page.items);
    const items = [...merged.values()].filter(({ hash }) => end === undefined || hash <= end).sort((one, other) => (one.hash < other.hash ? -1 : 1));
    return { items: items.slice(0, count), hasMore: end !== undefined || items.length > count };
  }

  private asked(id: FeedId): readonly Peer[] {
    const having = this.sources.connected(id).filter(({ nodeId }) => this.sources.holders.isHolder(nodeId, id));
    const owner = having.find(({ nodeId }) => this.sources.holders.holdingOf(nodeId, id) === 'owner');
    return owner ? [owner] : having.slice(0, maxListedNodes);
  }

  /** A node of which one head is not genuine is believed nothing more. */
  private merge(merged: Map<SubfeedHash, SubfeedInfo>, peer: Peer, heads: readonly SubfeedHead[]): void {
    for (const { subfeed, head, nameJson } of heads) {
      const known = merged.get(subfeed.subfeedHash);
      if (!head || head.length <= (known?.length ?? 0)) continue;
      if (!isSignedByFeed(head)) {
        this.sources.noteFailure(peer, subfeed.feedId, new KacheryError('content-corrupt', "A head in its list is not signed with the feed's key."));
        return;
      }
      merged.set(subfeed.subfeedHash, {
        hash: subfeed.subfeedHash,
        nameJson: known?.nameJson ?? nameJson,
        length: head.length,
        appendedAtMs: undefined,
        fork: [],
      });
    }
  }
}

interface HashPage {
  readonly items: readonly { readonly hash: SubfeedHash }[];
  readonly hasMore: boolean;
}

function asHashes({ items, hasMore }: Page<SubfeedHead>): HashPage {
  return { items: items.map(({ subfeed }) => ({ hash: subfeed.subfeedHash })), hasMore };
}

/** Up to where pages that begin at the same place are all complete; undefined if none of them goes on. */
function lastCommon(pages: readonly HashPage[]): SubfeedHash | undefined {
  const ends = pages.flatMap(({ items, hasMore }) => (hasMore ? items.slice(-1).map(({ hash }) => hash) : []));
  return ends.sort()[0];
}
