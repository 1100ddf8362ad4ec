import { type Mirror, type Mirrors } from './mirrors.js';
import { offlineNeedsDaemon } from './offline-needs-daemon.js';

/** The mirrors of a client that works offline: none, and every method says so with `offline`. */
export class OfflineMirrors implements Mirrors {
  add(): Promise<Mirror> {
    return Promise.reject(offlineNeedsDaemon('Mirrors'));
  }

  remove(): Promise<void> {
    return Promise.reject(offlineNeedsDaemon('Mirrors'));
  }

  list(): Promise<Mirror[]> {
    return Promise.reject(offlineNeedsDaemon('Mirrors'));
  }
}
