import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ExecutionContext } from 'ava';

import { resolveNetworkConfig } from '../../src/config/network-config.js';
import { type RunningDaemon, startDaemon } from '../../src/daemon/start-daemon.js';
import { temporaryFolder } from './temporary-storage.js';

/** A daemon in the test's own process, for what cannot be chosen on its command line. It is stopped when the test ends. */
export interface InProcessDaemon extends RunningDaemon {
  readonly clientToken: string;
  readonly ownerToken: string;
}

/** Starts a daemon with waiting times of the test's own. */
export async function startInProcessDaemon(t: ExecutionContext, options: Parameters<typeof startDaemon>[1]): Promise<InProcessDaemon> {
  const folder = await temporaryFolder(t);
  const [storageDir, configDir] = [join(folder, 'storage'), join(folder, 'config')];
  await mkdir(storageDir);
  const config = {
    label: 'test',
    host: '127.0.0.1',
    port: 0,
    storageDir,
    storageDirIsDefault: false,
    configDir,
    logLevel: 'silent',
    insecureBind: false,
    network: resolveNetworkConfig({ peerHost: '127.0.0.1', peerPort: '0' }, {}),
  } as const;
  const daemon = await startDaemon(config, options);
  t.teardown(() => daemon.stop());
  const clientToken = await readFile(join(storageDir, 'client-auth'), 'utf8');
  const ownerToken = await readFile(join(configDir, 'owner-token'), 'utf8');
  return { ...daemon, clientToken, ownerToken };
}
