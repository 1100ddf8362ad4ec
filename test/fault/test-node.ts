import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import { type ExecutionContext } from 'ava';

import { type ReadyDaemon } from '../../src/cli/ready-daemon.js';
import { StorageLayout } from '../../src/storage/layout.js';
import { NodeCalls } from './node-calls.js';

/** Another user than root, who is bound by permissions; on Linux and macOS it is called nobody. */
const nobody = { uid: 65_534, gid: 65_534 };
/** How long is waited for the end of a process that must end. */
const lastWaitMs = 60_000;
const program = resolve('dist/programs/cli/main.js');

/** What a test that is killed itself would leave running. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How a node is set up. */
export interface TestNodeOptions {
  /** Runs daemons as a user whom permissions bind, also where the test is root's. */
  readonly unprivileged?: boolean;
  /** The storage directory, which must exist; otherwise one is made. */
  readonly storageDir?: string;
}

/** A node whose daemon may be killed and started as often as one likes. Its processes and files are gone when the test ends. */
export class TestNode {
  private constructor(
    private readonly t: ExecutionContext,
    /** A folder for the test's own files beside those of the node. The daemon may read and write it. */
    readonly dir: string,
    readonly storageDir: string,
    private readonly user: { readonly uid: number; readonly gid: number } | undefined,
  ) {}

  /** A new node without a daemon. */
  static async create(t: ExecutionContext, { unprivileged = false, storageDir }: TestNodeOptions = {}): Promise<TestNode> {
    const dir = await mkdtemp(join(tmpdir(), 'kachery-p2p-fault-'));
    t.teardown(() => rm(dir, { recursive: true, force: true }));
    const user = unprivileged ? otherUser(t) : undefined;
    const node = new TestNode(t, dir, storageDir ?? join(dir, 'storage'), user);
    if (storageDir === undefined) await mkdir(node.storageDir);
    await node.own(dir);
    await node.own(node.storageDir);
    return node;
  }

  get configDir(): string {
    return join(this.dir, 'config');
  }

  /** Where things are in the storage directory. */
  get layout(): StorageLayout {
    return new StorageLayout(this.storageDir);
  }

  /** Whether the daemon's user is bound by permissions. */
  get isUnprivileged(): boolean {
    return (this.user?.uid ?? process.getuid?.()) !== 0;
  }

  /** Gives a path to the user of the daemons. */
  async own(path: string): Promise<void> {
    if (this.user) await chown(path, this.user.uid, this.user.gid);
  }

  /** Starts a daemon and resolves when it is ready. Fails with what it wrote to standard error if it ends before. */
  async start(variables: Readonly<Record<string, string>> = {}, words: readonly string[] = []): Promise<DaemonProcess> {
    const daemon = this.spawn(variables, words);
    const ready = await daemon.ready;
    if (ready) return daemon;
    throw new Error(`The daemon ended before it was ready: ${await daemon.stderr}`);
  }

  /** Starts a daemon that may fail to become ready. */
  spawn(variables: Readonly<Record<string, string>> = {}, words: readonly string[] = []): DaemonProcess {
    const port = words.includes('--port') ? [] : ['--port', '0'];
    const all = ['start-daemon', '--json', ...port, '--storage-dir', this.storageDir, '--config-dir', this.configDir, '--log-level', 'warn', ...words];
    const child = spawn(process.execPath, [program, ...all], {
      cwd: this.dir,
      env: { HOME: this.dir, PATH: process.env['PATH'], ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.user,
    });
    const daemon = new DaemonProcess(child);
    this.t.teardown(() => daemon.kill());
    return daemon;
  }

  /** A new connection to a daemon, as its owner or as a client; closed with the test. */
  async connect(daemon: DaemonProcess, as: 'owner' | 'client' = 'owner'): Promise<NodeCalls> {
    const ready = await daemon.ready;
    if (!ready) throw new Error('There is no daemon to connect to.');
    const tokenPath = as === 'owner' ? join(this.configDir, 'owner-token') : join(this.storageDir, 'client-auth');
    const calls = new NodeCalls(ready.address, (await readFile(tokenPath, 'utf8')).trim());
    this.t.teardown(() => {
      calls.close();
    });
    return calls;
  }
}

/** A daemon in a process of its own. */
export class DaemonProcess {
  /** What it told when it was ready; undefined if it ended before. */
  readonly ready: Promise<ReadyDaemon | undefined>;
  /** What it wrote to standard error, when it has ended. */
  readonly stderr: Promise<string>;
  private readonly ended: Promise<unknown>;

  constructor(private readonly child: ChildProcess) {
    if (!child.stdout || !child.stderr) throw new Error('The output of the daemon is not a pipe.');
    running.add(child);
    this.ended = once(child, 'exit').finally(() => running.delete(child));
    this.stderr = text(child.stderr);
    this.ready = firstLine(child.stdout).then((line) => (line === undefined ? undefined : (JSON.parse(line) as ReadyDaemon)));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends a signal. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Why it could not start, as it told its caller. */
  async failure(): Promise<{ reason: string; message: string }> {
    const line = (await this.stderr).trimEnd().split('\n').at(-1) ?? '';
    return (JSON.parse(line) as { error: { reason: string; message: string } }).error;
  }

  /** Kills it as kill -9 does, and resolves when it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.end();
  }

  /** Resolves when it has ended, with its exit code, or the signal that killed it; with undefined if it lives on for a minute. */
  async end(): Promise<number | NodeJS.Signals | null | undefined> {
    const patience = new AbortController();
    const isOver = delay(lastWaitMs, undefined, { signal: patience.signal }).catch(() => undefined);
    if (this.isRunning) await Promise.race([this.ended, isOver]);
    patience.abort();
    return this.isRunning ? undefined : (this.child.exitCode ?? this.child.signalCode);
  }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line;
  return undefined;
}

/** Somebody whom permissions bind: for root another user, who may be unable to read this program. */
function otherUser(t: ExecutionContext): typeof nobody | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { status } = spawnSync(process.execPath, [program, 'version'], { ...nobody, cwd: '/', env: {}, stdio: 'ignore' });
  if (status === 0) return nobody;
  t.log(`SKIPPED: ${t.title}: in part, since daemons run as root: another user cannot run ${program}`);
  return undefined;
}
