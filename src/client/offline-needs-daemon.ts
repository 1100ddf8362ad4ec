import { KacheryError } from '../core/failure.js';

/** The failure, `offline`, of what a client without a daemon does not have; `what` begins a sentence. */
export function offlineNeedsDaemon(what: string): KacheryError {
  return new KacheryError(
    'offline',
    `${what} need a daemon: this client works offline. Unset KACHERY_P2P_OFFLINE_STORAGE_DIR, or connect with offlineStorageDir: null.`,
  );
}
