import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import test, { type ExecutionContext } from 'ava';

import { temporaryFolder } from '../support/temporary-storage.js';

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
  type FileInfo,
  type KacheryClient,
  KacheryError,
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
let reason: FailureReason | undefined;
try {
  await client.loadFile('sha1://x');
} catch (error) {
  if (error instanceof KacheryError) reason = error.reason;
}
const node = await client.getNode();
await client.close();
const result = { uri, sizeBytes: info.sizeBytes, bytes: [...bytes], sum: array.type === 'float64' ? array.data[1] : 0, value, small, checked, reason };
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

test('the package is installed into an empty project, typed, and works offline and with its own daemon', async (t) => {
  t.timeout(240_000);
  const folder = await temporaryFolder(t);
  const project = join(folder, 'project');
  await mkdir(project);
  const environment = { HOME: folder, PATH: process.env['PATH'] ?? '' };
  const inProject = async (file: string, words: readonly string[], variables: Record<string, string> = {}): Promise<string> => {
    const { stdout } = await run(file, words, { cwd: project, env: { ...environment, ...variables } });
    return stdout;
  };
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, `kachery-p2p-${version}.tgz`)], { cwd: project });

  await writeFile(join(project, 'program.mjs'), javascript);
  await mkdir(join(folder, 'offline'));
  const offline = await inProject(process.execPath, ['program.mjs'], { KACHERY_P2P_OFFLINE_STORAGE_DIR: join(folder, 'offline') });
  const id = '58c3a504f91dab6ade375c69d9f78e312520f1b4';
  t.deepEqual(JSON.parse(offline), { mode: 'offline', uri: `sha1://${id}/file.txt`, read: 'is my message', missing: 'file-not-found', id });

  await writeFile(join(project, 'program.ts'), typescript);
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
  t.is(await inProject(process.execPath, [resolve('node_modules/typescript/bin/tsc')]).catch((error: unknown) => (error as { stdout: string }).stdout), '');
  const port = await startInstalledDaemon(t, project, environment);
  const online = JSON.parse(await inProject(process.execPath, ['out/program.js'], { KACHERY_P2P_API_PORT: port })) as Record<string, unknown>;
  t.like(online, {
    sizeBytes: 30_000_000,
    bytes: [7, 7],
    sum: 2,
    value: { name: 'example-object' },
    small: 'sha1://89f6229a11ac4ebaa553c1a3ea96d78fa7483735/small.txt',
    reason: 'invalid-uri',
    version,
    told: true,
    path: '/kachery_p2p.v1.FileService/ReadFile',
  });
});

/** Starts the daemon that the project's package brings, and resolves with its port. */
async function startInstalledDaemon(t: ExecutionContext, project: string, environment: Record<string, string>): Promise<string> {
  const words = ['start-daemon', '--json', '--port', '0', '--storage-dir', join(project, 'storage')];
  await mkdir(join(project, 'storage'));
  const daemon = spawn(join(project, 'node_modules/.bin/kachery-p2p'), words, { cwd: project, env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(async () => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  });
  for await (const line of createInterface({ input: daemon.stdout })) return String((JSON.parse(line) as { port: number }).port);
  throw new Error('The daemon of the installed package ended before it was ready.');
}
