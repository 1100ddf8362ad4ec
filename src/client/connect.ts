import { stat } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';

import { resolveClientSettings } from '../config/client-settings.js';
import { KacheryError } from '../core/failure.js';
import { type ClientOptions } from './client-options.js';
import { ContentCache } from './content-cache.js';
import { Daemon } from './daemon.js';
import { type KacheryClient } from './kachery-client.js';
import { OfflineClient } from './offline-client.js';
import { OnlineClient } from './online-client.js';
import { RpcConnection } from './rpc-connection.js';

/**
 * A client: offline on a storage directory if one is named, otherwise through a daemon. `close` it when done.
 *
 * Fails with `daemon-not-running` if no daemon answers, with `storage-mismatch` if KACHERY_STORAGE_DIR is not the daemon's directory, with `path-not-found` if
 * the offline directory does not exist, and with `invalid-argument` for settings that cannot be.
 */
export async function connect(options: ClientOptions = {}): Promise<KacheryClient> {
  const settings = resolveClientSettings(options.environment);
  const offlineDir = options.offlineStorageDir === undefined ? settings.offlineStorageDir : options.offlineStorageDir;
  if (offlineDir !== undefined && offlineDir !== null) return connectOffline(resolve(offlineDir));
  const {
    host = settings.host,
    port = settings.port,
    storageDir = settings.storageDir,
    configDir = settings.configDir,
    cacheDir = settings.cacheDir,
  } = options;
  const daemon = new Daemon(new RpcConnection(`${isIPv6(host) ? `[${host}]` : host}:${String(port)}`), {
    storageDir: storageDir === undefined ? undefined : resolve(storageDir),
    configDir: resolve(configDir),
    givenToken: options.token,
    clientToken: settings.clientToken,
  });
  try {
    await daemon.probe(options.signal);
  } catch (error) {
    daemon.close();
    throw error;
  }
  return new OnlineClient(daemon, new ContentCache(resolve(cacheDir)));
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
