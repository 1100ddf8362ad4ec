import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compiledCommand } from '../repository.js';
import { cleanEnvironment } from './clean-environment.js';
import { startReadyProcess } from './ready-process.js';

/** Whom a client of the daemon is: the owner; another user of the machine; somebody on a machine that does not see the storage directory. */
export type Caller = 'owner' | 'neighbour' | 'distant';

/** A running daemon of the benchmark's own. Dispose of it to stop it. */
export interface BenchDaemon extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly nodeId: string;
  readonly storageDir: string;
  readonly clientToken: string;
  /** The environment of a client; `port` in place of the daemon's own leads through a forwarder. */
  environmentOf(caller: Caller, port?: number): NodeJS.ProcessEnv;
}

/**
 * Starts a daemon with its directories in `dir`. It is told its storage directory by a path that leads elsewhere in any other process, so that a client
 * given no other path is as distant as one on another machine. `flags` are more of `start-daemon`.
 */
export async function startBenchDaemon(dir: string, flags: readonly string[] = []): Promise<BenchDaemon> {
  const [storageDir, configDir, emptyDir] = [join(dir, 'storage'), join(dir, 'config'), join(dir, 'empty')];
  await Promise.all([storageDir, emptyDir].map((path) => mkdir(path, { recursive: true })));
  const daemon = await startReadyProcess<{ port: number; nodeId: string }>({
    command: [process.execPath, compiledCommand, 'start-daemon', '--port', '0', '--json', '--log-level', 'warn', ...flags],
    cwd: dir,
    environment: { ...cleanEnvironment(), KACHERY_STORAGE_DIR: '/proc/self/cwd/storage', KACHERY_P2P_CONFIG_DIR: configDir },
  });
  const clientToken = await readFile(join(storageDir, 'client-auth'), 'utf8');
  return {
    pid: daemon.pid,
    port: daemon.facts.port,
    nodeId: daemon.facts.nodeId,
    storageDir,
    clientToken,
    environmentOf: (caller, port = daemon.facts.port) => ({
      ...cleanEnvironment(),
      HOME: emptyDir,
      KACHERY_P2P_API_HOST: '127.0.0.1',
      KACHERY_P2P_API_PORT: String(port),
      KACHERY_P2P_CONFIG_DIR: caller === 'owner' ? configDir : emptyDir,
      KACHERY_P2P_PROGRESS: '0',
      KACHERY_TEMP_DIR: dir,
      ...(caller === 'distant' ? { KACHERY_P2P_CLIENT_TOKEN: clientToken } : { KACHERY_STORAGE_DIR: storageDir }),
    }),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
