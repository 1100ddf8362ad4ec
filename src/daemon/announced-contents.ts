import { type FeedId } from '../core/feed-id.js';
import { limits } from '../core/limits.js';
import { type FeedInfo } from '../feeds/feed-store.js';
import { type LocalFeeds } from '../feeds/local-feeds.js';
import { type ContentCatalog } from '../network/providers/content-catalog.js';
import { ownerRecordId } from '../network/providers/owner-record-id.js';
import { type RecordedId } from '../network/providers/record-key.js';
import { type LocalStorage } from '../storage/local-storage.js';

/** What this node announces in large channels: its feeds, own ones and copies, and its files. */
export class AnnouncedContents implements ContentCatalog {
  constructor(
    private readonly store: Pick<LocalStorage, 'idPages' | 'watch'>,
    private readonly feeds: Pick<LocalFeeds, 'list' | 'watchFeeds'>,
  ) {}

  async *pages(): AsyncGenerator<readonly RecordedId[], void, undefined> {
    let after: FeedId | undefined;
    do {
      const { items, hasMore } = await this.feeds.list(after, limits.maxPeerBatchFeeds);
      if (items.length > 0) yield items.flatMap(recordsOf);
      after = hasMore ? items.at(-1)?.id : undefined;
    } while (after !== undefined);
    yield* this.store.idPages();
  }

  watch(onNew: (id: RecordedId) => void): () => void {
    const stops = [
      this.store.watch(onNew),
      this.feeds.watchFeeds((feed) => {
        for (const id of recordsOf(feed)) onNew(id);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }
}

function recordsOf({ id, isWriteable }: FeedInfo): readonly RecordedId[] {
  return isWriteable ? [id, ownerRecordId(id)] : [id];
}
