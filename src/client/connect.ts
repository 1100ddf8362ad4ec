import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { resolveClientSettings } from '../config/client-settings.js';
import { KacheryError } from '../core/failure.js';
import { type ClientOptions } from './client-options.js';
import { type KacheryClient } from './kachery-client.js';
import { OfflineClient } from './offline-client.js';

/**
 * A client: offline on a storage directory if one is named, otherwise through a daemon. `close` it when done.
 *
 * Fails with `daemon-not-running` if no daemon answers, with `storage-mismatch` if KACHERY_STORAGE_DIR is not the daemon's directory, with `path-not-found` if
 * the offline directory does not exist, and with `invalid-argument` for settings that cannot be. gRPC is loaded by those only who work with a daemon.
 */
export async function connect(options: ClientOptions = {}): Promise<KacheryClient> {
  const settings = resolveClientSettings(options.environment);
  const offlineDir = options.offlineStorageDir === undefined ? settings.offlineStorageDir : options.offlineStorageDir;
  if (offlineDir !== undefined && offlineDir !== null) return connectOffline(resolve(offlineDir));
  const { connectOnline } = await import('./connect-online.js');
  return connectOnline(options, settings);
}

async function connectOffline(dir: string): Promise<KacheryClient> {
  const isDirectory = await stat(dir).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isDirectory) return new OfflineClient(dir);
  throw new KacheryError(
    'path-not-found',
    `The offline storage directory ${dir} does not exist. Create it with "mkdir -p ${dir}", or unset KACHERY_P2P_OFFLINE_STORAGE_DIR to work through a daemon.`,
    { path: dir },
  );
}
