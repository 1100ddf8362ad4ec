import { type Channel, type Channels, type Peer } from './channels.js';
import { offlineNeedsDaemon } from './offline-needs-daemon.js';

/** The channels of a client that works offline: none, and every method says so with `offline`. */
export class OfflineChannels implements Channels {
  join(): Promise<Channel> {
    return Promise.reject(offlineNeedsDaemon('Channels'));
  }

  leave(): Promise<void> {
    return Promise.reject(offlineNeedsDaemon('Channels'));
  }

  list(): Promise<Channel[]> {
    return Promise.reject(offlineNeedsDaemon('Channels'));
  }

  peers(): Promise<Peer[]> {
    return Promise.reject(offlineNeedsDaemon('Channels'));
  }
}
