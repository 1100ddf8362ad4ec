import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type DaemonConfig } from '../config/daemon-config.js';
import { networkArguments } from '../config/network-config.js';
import { KacheryError } from '../core/failure.js';
import { parseFailure } from './command-line-failure.js';
import { type ReadyDaemon } from './ready-daemon.js';

const logTailBytes = 64 * 1024;
const maxLogBytes = 16 * 1024 * 1024;

/**
 * Starts a daemon that outlives this process, logging to `daemon.log` in the configuration directory, and resolves when it is ready. A long log is kept as
 * `daemon.log.1` and begun anew. Fails for the reason that the daemon gives; aborting ends the daemon and fails with `cancelled`.
 */
export async function startInBackground(config: DaemonConfig, signal: AbortSignal): Promise<ReadyDaemon> {
  const logPath = join(config.configDir, 'daemon.log');
  const log = await openLog(config.configDir, logPath);
  try {
    const { size: startOfLog } = await log.stat();
    const child = spawn(process.execPath, [fileURLToPath(new URL('main.js', import.meta.url)), ...daemonArguments(config)], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', log.fd],
    });
    const ready = await readyLine(child, signal);
    if (ready === undefined) throw await startFailure(child, { log, logPath, startOfLog }, signal);
    child.stdout?.destroy();
    child.unref();
    return JSON.parse(ready) as ReadyDaemon;
  } finally {
    await log.close();
  }
}

function daemonArguments(config: DaemonConfig): string[] {
  return [
    'start-daemon',
    '--json',
    ...['--label', config.label],
    ...['--host', config.host],
    ...['--port', String(config.port)],
    ...['--config-dir', config.configDir],
    ...['--log-level', config.logLevel],
    ...(config.storageDirIsDefault ? [] : ['--storage-dir', config.storageDir]),
    ...(config.authGroup === undefined ? [] : ['--auth-group', config.authGroup]),
    ...(config.insecureBind ? ['--insecure-bind'] : []),
    ...networkArguments(config.network),
  ];
}

async function openLog(configDir: string, logPath: string): Promise<FileHandle> {
  try {
    await mkdir(configDir, { recursive: true, mode: 0o700 });
    const log = await open(logPath, 'a+', 0o600);
    if ((await log.stat()).size < maxLogBytes) return log;
    await log.close();
    await rename(logPath, `${logPath}.1`);
    return await open(logPath, 'a+', 0o600);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    throw new KacheryError(
      'path-not-permitted',
      `The log file ${logPath} cannot be written: ${cause.message}. Choose another directory with --config-dir or KACHERY_P2P_CONFIG_DIR.`,
      { path: logPath },
      { cause },
    );
  }
}

/** The line that the daemon prints when it is ready, or undefined if it ended before. */
async function readyLine(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  const endChild = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', endChild);
  try {
    await once(child, 'spawn');
    if (signal.aborted) endChild();
    if (child.stdout === null) return undefined;
    for await (const line of createInterface({ input: child.stdout })) if (!signal.aborted) return line;
    return undefined;
  } finally {
    signal.removeEventListener('abort', endChild);
  }
}

interface LogOfStart {
  readonly log: FileHandle;
  readonly logPath: string;
  /** Where in the log this start begins. */
  readonly startOfLog: number;
}

async function startFailure(child: ChildProcess, { log, logPath, startOfLog }: LogOfStart, signal: AbortSignal): Promise<KacheryError> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (signal.aborted) return new KacheryError('cancelled', 'The start of the daemon was interrupted; it was stopped again.');
  const lines = await lastLines(log, startOfLog);
  const told = lines.map(parseFailure).findLast((failure) => failure !== undefined);
  if (told !== undefined) return told;
  const end = child.signalCode ?? `exit code ${String(child.exitCode)}`;
  return new KacheryError('internal', `The daemon ended with ${end} before it was ready. The end of its log ${logPath}: ${lines.slice(-3).join(' | ')}`, {
    path: logPath,
  });
}

async function lastLines(log: FileHandle, startOfLog: number): Promise<string[]> {
  const { size } = await log.stat();
  const start = Math.max(startOfLog, size - logTailBytes);
  const { buffer, bytesRead } = await log.read(Buffer.alloc(size - start), 0, size - start, start);
  return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
}
