import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cleanEnvironment } from '../processes/clean-environment.js';
import { type ReadyProcess, startReadyProcess } from '../processes/ready-process.js';
import { repositoryRoot } from '../repository.js';

/** Path of the command line program. */
export const commandPath = join(repositoryRoot, 'dist/programs/cli/main.js');

/** What the daemon tells when it is ready. */
interface DaemonFacts {
  readonly address: string;
  readonly port: number;
  readonly nodeId: string;
}

/** A daemon with all its directories in the demonstration's. */
export interface DemoDaemon extends ReadyProcess<DaemonFacts> {
  /** The variables that lead clients to it. */
  readonly environment: NodeJS.ProcessEnv;
  /** What a client that knows nothing but the contract sends as `authorization: Bearer`. */
  readonly clientToken: string;
}

/** Starts a daemon, which other nodes on this machine reach at a port. Dispose of it to stop it. */
export async function startDemoDaemon(dir: string, peerPort: number, signal: AbortSignal): Promise<DemoDaemon> {
  const environment = { ...cleanEnvironment(), KACHERY_P2P_CONFIG_DIR: join(dir, 'config'), KACHERY_P2P_PROGRESS: '0' };
  const peerFlags = ['--peer-host', '127.0.0.1', '--peer-port', String(peerPort)];
  const storageDir = join(dir, 'storage');
  const command = [process.execPath, commandPath, 'start-daemon', '--host', '127.0.0.1', '--port', '0', '--storage-dir', storageDir, '--json'] as const;
  const daemon = await startReadyProcess<DaemonFacts>({ command: [...command, ...peerFlags, '--log-level', 'warn'], environment, signal });
  return {
    ...daemon,
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    environment: { ...environment, KACHERY_P2P_API_HOST: '127.0.0.1', KACHERY_P2P_API_PORT: String(daemon.facts.port) },
    clientToken: (await readFile(join(storageDir, 'client-auth'), 'utf8')).trim(),
  };
}
