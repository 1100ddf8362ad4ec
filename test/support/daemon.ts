import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

import type { ExecutionContext } from 'ava';

/** How a test's daemon is started; everything has a default. */
export interface TestDaemonOptions {
  /** More arguments of `start-daemon`. */
  readonly arguments?: readonly string[];
  /** More variables of its environment, which has nothing but a home and a path otherwise. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A directory of the test's own, as that of a daemon before; it is not removed. */
  readonly storageDir?: string;
  readonly configDir?: string;
  /** 0, any free one, unless given. */
  readonly port?: number;
  /** User to run it as, for tests that the superuser runs. */
  readonly uid?: number;
  /** What is run in place of the command line, under the working copy; it takes the arguments of `start-daemon`. */
  readonly program?: string;
  /** What is written before the command of the daemon, such as the name of a program that runs it elsewhere. */
  readonly launcher?: readonly string[];
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A daemon in a process of its own. The test's end kills it, if it still runs, and removes its directories. */
export interface TestDaemon {
  /** `host:port` */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly nodeId: string;
  readonly storageDir: string;
  readonly configDir: string;
  readonly clientToken: string;
  readonly ownerToken: string;
  /** Environment for clients in other processes, with a home of their own: they find the daemon and its tokens. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it has logged so far, a line each; whole when it has ended. */
  readonly stderrLines: readonly string[];
  /** Resolves when it logs another line; rejects when it ends without. */
  nextLogLine(): Promise<void>;
  /** Resolves when the process has ended and all that it logged has been read. */
  readonly ended: Promise<ProcessEnd>;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop, as a user does with Ctrl-C, and resolves when it has ended. */
  stop(): Promise<ProcessEnd>;
}

/** Starts a real daemon and resolves when it is ready. Rejects, with what it logged, if it does not get ready. */
export async function startTestDaemon(t: ExecutionContext, options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const { child, log, stderrLines, ended, environment, ...dirs } = await spawnDaemon(t, options);
  const ready = await readyLine(child);
  if (ready === undefined) throw new Error(`The daemon ended with code ${String((await ended).code)} before it was ready: ${stderrLines.join('\n')}`);
  const { address, host, port, pid, nodeId } = JSON.parse(ready) as Pick<TestDaemon, 'address' | 'host' | 'port' | 'pid' | 'nodeId'>;
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  return {
    ...{ address, host, port, pid, nodeId, ...dirs, stderrLines, ended, kill },
    nextLogLine: () =>
      new Promise((resolveLine, rejectLine) => {
        log.once('line', () => {
          resolveLine();
        });
        void ended.then(() => {
          rejectLine(new Error(`The daemon has ended: ${stderrLines.join('\n')}`));
        });
      }),
    clientToken: await readFile(join(dirs.storageDir, 'client-auth'), 'utf8'),
    ownerToken: await readFile(join(dirs.configDir, 'owner-token'), 'utf8'),
    environment: { ...environment, KACHERY_P2P_API_HOST: host, KACHERY_P2P_API_PORT: String(port) },
    stop: () => {
      kill('SIGTERM');
      return ended;
    },
  };
}

/** Starts a daemon that should refuse to start, and resolves with how it ended and what it said. Rejects if it gets ready. */
export async function failTestDaemon(t: ExecutionContext, options: TestDaemonOptions): Promise<ProcessEnd & { readonly stderr: string }> {
  const { child, stderrLines, ended } = await spawnDaemon(t, options);
  const ready = await readyLine(child);
  if (ready !== undefined) throw new Error(`The daemon started, although it should not have: ${ready}`);
  return { ...(await ended), stderr: stderrLines.join('\n') };
}

interface SpawnedDaemon extends Pick<TestDaemon, 'storageDir' | 'configDir' | 'stderrLines' | 'ended' | 'environment'> {
  readonly child: ChildProcessWithoutNullStreams;
  readonly log: Interface;
}

async function spawnDaemon(t: ExecutionContext, options: TestDaemonOptions): Promise<SpawnedDaemon> {
  const home = await mkdtemp(join(tmpdir(), 'kachery-p2p-test-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const { storageDir = join(home, 'storage'), configDir = join(home, 'config') } = options;
  await mkdir(storageDir, { recursive: true });
  const words = ['start-daemon', '--json', '--port', String(options.port ?? 0), '--storage-dir', storageDir, '--config-dir', configDir];
  const environment = { HOME: home, PATH: process.env['PATH'] ?? '', KACHERY_P2P_CONFIG_DIR: configDir };
  const [program = '', ...given] = [
    ...(options.launcher ?? []),
    process.execPath,
    resolve(options.program ?? 'dist/programs/cli/main.js'),
    ...words,
    ...(options.arguments ?? []),
  ];
  const child = spawn(program, given, {
    cwd: home,
    env: { ...environment, ...options.environment },
    ...(options.uid !== undefined && { uid: options.uid }),
  });
  child.stdin.end();
  const stderrLines: string[] = [];
  const log = createInterface({ input: child.stderr }).on('line', (line) => stderrLines.push(line));
  const ended = new Promise<ProcessEnd>((whenEnded) =>
    child.once('close', (code, signal) => {
      whenEnded({ code, signal });
    }),
  );
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  t.teardown(async () => {
    process.off('exit', killAtExit);
    child.kill('SIGKILL');
    await ended;
  });
  return { child, log, storageDir, configDir, stderrLines, ended, environment };
}

/** The first line that the daemon prints; undefined if it ends without one. What it prints afterwards is thrown away. */
async function readyLine(child: ChildProcessWithoutNullStreams): Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolveLine) => {
    lines.once('line', resolveLine);
    lines.once('close', () => {
      resolveLine(undefined);
    });
  });
}
