import { KacheryError } from '../core/failure.js';
import { type Feed, type Feeds } from './feeds.js';

/** The feeds of a client that works offline: none, and every method says so with `offline`. */
export class OfflineFeeds implements Feeds {
  create(): Promise<Feed> {
    return Promise.reject(offline());
  }

  load(): Promise<Feed> {
    return Promise.reject(offline());
  }

  delete(): Promise<void> {
    return Promise.reject(offline());
  }

  // eslint-disable-next-line require-yield -- offline there are no feeds
  async *list(): AsyncGenerator<Feed, void, undefined> {
    throw offline();
  }
}

function offline(): KacheryError {
  return new KacheryError(
    'offline',
    'Feeds need a daemon: this client works offline. Unset KACHERY_P2P_OFFLINE_STORAGE_DIR, or connect with offlineStorageDir: null.',
  );
}
