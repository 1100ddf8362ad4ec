import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer, text } from 'node:stream/consumers';

import type { ExecutionContext } from 'ava';

import { type ReadyDaemon } from '../../src/cli/ready-daemon.js';

/** A user and group that own nothing. */
const nobody = 65_534;

/** How a command of the command line ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** A user of the command line: a home directory of his own, in which everything lies that his commands read and write. Removed with the test. */
export class CommandLineUser {
  readonly storageDir: string;
  readonly configDir: string;
  private address: Variables = {};
  private readonly children = new Set<ChildProcessWithoutNullStreams>();
  private readonly ends: Promise<unknown>[] = [];
  /** Of all children, also of those that have ended. */
  private readonly pids = new Set<number>();

  private constructor(
    /** The home directory. */
    readonly dir: string,
  ) {
    this.storageDir = join(dir, 'storage');
    this.configDir = join(dir, 'config');
  }

  /** A new user, whom the test's end leaves nothing of: his processes are ended, his files removed. */
  static async create(t: ExecutionContext): Promise<CommandLineUser> {
    const dir = await mkdtemp(join(tmpdir(), 'kachery-p2p-test-'));
    const user = new CommandLineUser(dir);
    users.add(user);
    t.teardown(async () => {
      users.delete(user);
      user.endAll();
      await Promise.all(user.ends);
      await rm(dir, { recursive: true, force: true });
    });
    await mkdir(user.storageDir);
    return user;
  }

  /** The environment of this user's commands. */
  get environment(): Variables {
    return { HOME: this.dir, PATH: process.env['PATH'], KACHERY_P2P_CONFIG_DIR: this.configDir, ...this.address };
  }

  /** Starts a command; it is ended with the test if it still runs. */
  spawn(words: readonly string[], { variables = {}, program = 'main.js', unprivileged = false }: SpawnOptions = {}): ChildProcessWithoutNullStreams {
    const path = resolve('dist/programs/cli', program);
    const identity = unprivileged && process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
    const child = spawn(process.execPath, [path, ...words], { cwd: this.dir, env: { ...this.environment, ...variables }, ...identity });
    child.stdin.on('error', () => undefined);
    this.children.add(child);
    if (child.pid !== undefined) this.pids.add(child.pid);
    this.ends.push(once(child, 'exit').finally(() => this.children.delete(child)));
    return child;
  }

  /** Runs a command to its end. */
  async run(words: readonly string[], { input = '', ...options }: RunOptions = {}): Promise<CommandEnd> {
    const child = this.spawn(words, options);
    child.stdin.end(input);
    return endOf(child);
  }

  /** Starts a daemon for this user and resolves when it is ready; from then on his commands go to it. */
  async startDaemon(words: readonly string[] = []): Promise<RunningDaemonProcess> {
    const child = this.spawn(['start-daemon', '--json', '--port', '0', '--storage-dir', this.storageDir, '--log-level', 'warn', ...words]);
    const stderr = text(child.stderr);
    for await (const line of createInterface({ input: child.stdout })) {
      const ready = JSON.parse(line) as ReadyDaemon;
      this.useDaemon(ready);
      return { ready, child };
    }
    throw new Error(`The daemon ended before it was ready: ${await stderr}`);
  }

  /** Sends this user's commands to a daemon. */
  useDaemon({ host, port }: ReadyDaemon): void {
    this.address = { KACHERY_P2P_API_HOST: host, KACHERY_P2P_API_PORT: String(port) };
  }

  /** Kills what still runs: also the daemon in the background, if it has written its record. */
  endAll(): void {
    for (const child of this.children) child.kill('SIGKILL');
    const record = readRecord(join(this.configDir, 'daemon.json'));
    if (record === undefined || this.pids.has(record.pid)) return;
    try {
      process.kill(record.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }

  /** Lets this user's commands work without a daemon. */
  goOffline(): void {
    this.address = { KACHERY_P2P_OFFLINE_STORAGE_DIR: this.storageDir };
  }
}

/** Those whose tests have not ended. A test that runs out of time is not torn down, its process exits. */
const users = new Set<CommandLineUser>();
process.once('exit', () => {
  for (const user of users) user.endAll();
});

interface RunningDaemonProcess {
  readonly ready: ReadyDaemon;
  readonly child: ChildProcessWithoutNullStreams;
}

interface SpawnOptions {
  readonly variables?: Variables;
  /** File of the program in dist/programs/cli. */
  readonly program?: string;
  /** Without the rights of root, where the tests have them. */
  readonly unprivileged?: boolean;
}

interface RunOptions extends SpawnOptions {
  /** What it finds on standard input. */
  readonly input?: string | Buffer;
}

/** How a command that runs ends. */
export async function endOf(child: ChildProcessWithoutNullStreams): Promise<CommandEnd> {
  const [stdoutBytes, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr), child.exitCode ?? child.signalCode ?? once(child, 'exit')]);
  return { code: child.exitCode, stdout: stdoutBytes.toString(), stdoutBytes, stderr };
}

function readRecord(path: string): { readonly pid: number } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { readonly pid: number };
  } catch {
    return undefined;
  }
}
