import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';

import { type ClientSettings } from '../config/client-settings.js';
import { type ClientOptions } from './client-options.js';
import { ContentCache } from './content-cache.js';
import { Daemon } from './daemon.js';
import { type KacheryClient } from './kachery-client.js';
import { OnlineClient } from './online-client.js';
import { RpcConnection } from './rpc-connection.js';

/** A client of a daemon: what the options leave out is as the settings say. Fails as `connect` does. */
export async function connectOnline(options: ClientOptions, settings: ClientSettings): Promise<KacheryClient> {
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
