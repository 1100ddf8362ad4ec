import { offlineNeedsDaemon } from './offline-needs-daemon.js';
import { type Mutable, type MutableChange, type Mutables } from './mutables.js';

/** The mutables of a client that works offline: none, and every method says so with `offline`. */
export class OfflineMutables implements Mutables {
  get(): Promise<Mutable | undefined> {
    return Promise.reject(offlineNeedsDaemon('Mutables'));
  }

  set(): Promise<Mutable> {
    return Promise.reject(offlineNeedsDaemon('Mutables'));
  }

  delete(): Promise<boolean> {
    return Promise.reject(offlineNeedsDaemon('Mutables'));
  }

  // eslint-disable-next-line require-yield -- offline there are no mutables
  async *list(): AsyncGenerator<Mutable, void, undefined> {
    throw offlineNeedsDaemon('Mutables');
  }

  // eslint-disable-next-line require-yield -- offline there are no mutables
  async *watch(): AsyncGenerator<MutableChange, void, undefined> {
    throw offlineNeedsDaemon('Mutables');
  }
}
