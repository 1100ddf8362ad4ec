import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { type ExecutionContext } from 'ava';

import { temporaryFolder } from './temporary-storage.js';

const run = promisify(execFile);

/** A JavaScript program that uses the package offline. */
const javascript = `
import { connect, isKacheryError, parseUri } from 'kachery-p2p';

const client = await connect();
const uri = await client.storeText('Here is my message');
const read = [];
for await (const piece of client.readFile(uri, { start: 5 })) read.push(Buffer.from(piece).toString());
const missing = await client.loadText('sha1://' + '0'.repeat(40)).catch((error) => isKacheryError(error, 'file-not-found') && error.reason);
await client.close();
console.log(JSON.stringify({ mode: client.mode, uri, read: read.join(''), missing, id: parseUri(uri).id }));
`;

/** A TypeScript program that uses every kind of thing that the package exports, through a daemon. */
const typescript = `
import { writeFileSync } from 'node:fs';

import {
  type ClientOptions,
  connect,
  type FailureReason,
  type Feed,
  type FeedMessage,
  type FileInfo,
  type KacheryClient,
  KacheryError,
  type MutableChange,
  type NpyArray,
  type Progress,
  type VerifyEvent,
} from 'kachery-p2p';
import { FileServiceService } from 'kachery-p2p/v1/file_service';

const options: ClientOptions = { host: '127.0.0.1', signal: AbortSignal.timeout(60_000) };
const client: KacheryClient = await connect(options);
writeFileSync('large.bin', Buffer.alloc(30_000_000, 7));
const told: Progress[] = [];
const uri: string = await client.storeFile('large.bin', { onProgress: (progress) => told.push(progress) });
const info: FileInfo = await client.stat(uri);
const bytes: Uint8Array = await client.loadBytes(uri, { start: 29_999_998 });
const array: NpyArray = await client.loadNpy(await client.storeNpy({ type: 'float64', shape: [2], data: Float64Array.of(1, 2) }));
const value: unknown = await client.loadJson(await client.storeJson({ name: 'example-object' }));
const [small] = await client.storeFiles([{ content: 'small', label: 'small.txt' }]);
let checked = 0;
for await (const event of client.verifyFiles()) {
  const latest: VerifyEvent = event;
  if (latest.kind === 'progress') checked = latest.checkedFiles;
}
const feed: Feed = await client.feeds.create();
await feed.subfeed(['log', 1]).append([{ n: 1 }, 'two']);
const messages: FeedMessage[] = [];
for await (const message of feed.subfeed(['log', 1]).follow({ verified: true })) if (messages.push(message) === 2) break;
await client.mutables.set({ of: 'package' }, [true], { expected: { absent: true } });
let change: MutableChange | undefined;
for await (change of client.mutables.watch({ withExisting: true })) break;
const feeds = { values: messages.map((message) => message.value), mutable: change?.kind === 'set' ? change.mutable.value : undefined };
let reason: FailureReason | undefined;
try {
  await client.loadFile('sha1://x');
} catch (error) {
  if (error instanceof KacheryError) reason = error.reason;
}
const node = await client.getNode();
await client.close();
const result = { uri, sizeBytes: info.sizeBytes, bytes: [...bytes], sum: array.type === 'float64' ? array.data[1] : 0, value, small, checked, feeds, reason };
console.log(JSON.stringify({ ...result, version: node.version, told: told.length > 0, path: FileServiceService.readFile.path }));
`;

/** Strict, and with the types of dependencies checked too. */
const tsconfig = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
    outDir: 'out',
  },
  files: ['program.ts'],
};

/** The package as users have it: its tarball, installed into an empty project, with programs that use it. Removed when the test ends. */
export class InstalledPackage {
  private constructor(
    private readonly t: ExecutionContext,
    private readonly home: string,
    private readonly project: string,
  ) {}

  /** Packs what is built and installs it; checks that programs in TypeScript compile against its types. */
  static async create(t: ExecutionContext): Promise<InstalledPackage> {
    const folder = await temporaryFolder(t);
    const project = join(folder, 'project');
    await mkdir(project);
    const installed = new InstalledPackage(t, folder, project);
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
    const tarball = join(folder, `kachery-p2p-${await packedVersion()}.tgz`);
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: project });
    t.is(await installed.run(join(project, 'node_modules/.bin/kachery-p2p'), ['version']), `${await packedVersion()}\n`);
    await writeFile(join(project, 'program.mjs'), javascript);
    await writeFile(join(project, 'program.ts'), typescript);
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
    const compiled = installed.run(process.execPath, [resolve('node_modules/typescript/bin/tsc')]);
    t.is(await compiled.catch((error: unknown) => (error as { stdout: string }).stdout), '');
    return installed;
  }

  /** Checks that the package works with a release of Node: offline, and with a daemon that the same Node runs. */
  async checkWith(node: string): Promise<void> {
    const { t } = this;
    const offlineDir = await mkdtemp(join(this.home, 'offline-'));
    const offline = await this.run(node, ['program.mjs'], { KACHERY_P2P_OFFLINE_STORAGE_DIR: offlineDir });
    const id = '58c3a504f91dab6ade375c69d9f78e312520f1b4';
    t.deepEqual(JSON.parse(offline), { mode: 'offline', uri: `sha1://${id}/file.txt`, read: 'is my message', missing: 'file-not-found', id });
    const online = await this.run(node, ['out/program.js'], await this.startDaemon(node));
    t.like(JSON.parse(online), {
      sizeBytes: 30_000_000,
      bytes: [7, 7],
      sum: 2,
      value: { name: 'example-object' },
      feeds: { values: [{ n: 1 }, 'two'], mutable: [true] },
      small: 'sha1://89f6229a11ac4ebaa553c1a3ea96d78fa7483735/small.txt',
      reason: 'invalid-uri',
      version: await packedVersion(),
      told: true,
      path: '/kachery_p2p.v1.FileService/ReadFile',
    });
  }

  private async run(file: string, words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await run(file, words, { cwd: this.project, env: { ...this.environment, ...variables } });
    return stdout;
  }

  /** Starts a daemon of the installed package, and resolves with the variables that lead to it. */
  private async startDaemon(node: string): Promise<Readonly<Record<string, string>>> {
    const variables = { KACHERY_P2P_CONFIG_DIR: await mkdtemp(join(this.home, 'config-')) };
    const words = ['start-daemon', '--json', '--port', '0', '--storage-dir', await mkdtemp(join(this.home, 'storage-'))];
    const daemon = spawn(node, [join(this.project, 'node_modules/.bin/kachery-p2p'), ...words], {
      cwd: this.project,
      env: { ...this.environment, ...variables },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.t.teardown(async () => {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return;
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
    });
    for await (const line of createInterface({ input: daemon.stdout })) {
      return { ...variables, KACHERY_P2P_API_PORT: String((JSON.parse(line) as { port: number }).port) };
    }
    throw new Error('The daemon of the installed package ended before it was ready.');
  }

  private get environment(): Readonly<Record<string, string>> {
    return { HOME: this.home, PATH: process.env['PATH'] ?? '' };
  }
}

async function packedVersion(): Promise<string> {
  return (JSON.parse(await readFile('package.json', 'utf8')) as { version: string }).version;
}
