import { type Feed, type Feeds, type Subfeed, type SubfeedMessage } from './feeds.js';
import { offlineNeedsDaemon } from './offline-needs-daemon.js';

/** The feeds of a client that works offline: none, and every method says so with `offline`. */
export class OfflineFeeds implements Feeds {
  create(): Promise<Feed> {
    return Promise.reject(offlineNeedsDaemon('Feeds'));
  }

  load(): Promise<Feed> {
    return Promise.reject(offlineNeedsDaemon('Feeds'));
  }

  loadSubfeed(): Promise<Subfeed> {
    return Promise.reject(offlineNeedsDaemon('Feeds'));
  }

  delete(): Promise<void> {
    return Promise.reject(offlineNeedsDaemon('Feeds'));
  }

  // eslint-disable-next-line require-yield -- offline there are no feeds
  async *list(): AsyncGenerator<Feed, void, undefined> {
    throw offlineNeedsDaemon('Feeds');
  }

  // eslint-disable-next-line require-yield -- offline there are no feeds
  async *watch(): AsyncGenerator<SubfeedMessage, void, undefined> {
    throw offlineNeedsDaemon('Feeds');
  }
}
