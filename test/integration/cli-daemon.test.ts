import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { processIsRunning } from '../../src/cli/process-is-running.js';
import { type ReadyDaemon } from '../../src/cli/ready-daemon.js';
import { CommandLineUser, endOf } from '../support/command-line.js';

const reasonOf = (stderr: string): string => (JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as { error: { reason: string } }).error.reason;
const startWords = (user: CommandLineUser): string[] => ['start-daemon', '--port', '0', '--storage-dir', user.storageDir];

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

test('start-daemon tells when it is ready, and SIGTERM and SIGINT stop it with exit code 0', async (t) => {
  const user = await CommandLineUser.create(t);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { ready, child } = await user.startDaemon();
    t.like(ready, { pid: child.pid, host: '127.0.0.1', address: `127.0.0.1:${String(ready.port)}`, storageDir: user.storageDir, configDir: user.configDir });
    t.regex(ready.nodeId, /^[0-9a-f]{64}$/);
    child.kill(signal);
    t.is(await exitCode(child), 0);
    await t.throwsAsync(access(join(user.configDir, 'daemon.json')));
  }
});

test('stop-daemon returns when the daemon is gone', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready, child } = await user.startDaemon();
  const end = await user.run(['stop-daemon', '--json']);
  t.like(end, { code: 0, stdout: `${JSON.stringify({ pid: ready.pid })}\n`, stderr: '' });
  t.false(await processIsRunning(ready.pid));
  t.is(await exitCode(child), 0);
  t.is((await user.run(['stop-daemon'])).code, 4);
});

test('start-daemon --background leaves a daemon behind, and its log in the configuration directory', async (t) => {
  const user = await CommandLineUser.create(t);
  const end = await user.run([...startWords(user), '--background', '--label', 'behind', '--json']);
  t.is(end.code, 0, end.stderr);
  const ready = JSON.parse(end.stdout) as ReadyDaemon;
  t.deepEqual(Object.keys(ready), ['pid', 'address', 'host', 'port', 'nodeId', 'storageDir', 'configDir']);
  t.true(await processIsRunning(ready.pid));
  t.is((await stat(join(user.configDir, 'daemon.log'))).mode & 0o777, 0o600);
  t.is((await stat(user.configDir)).mode & 0o777, 0o700);

  user.useDaemon(ready);
  t.regex((await user.run(['node-info'])).stdout, /Label +behind\n/);
  t.like(await user.run(['store', '-'], { input: 'x' }), { code: 0 });
  t.like(await user.run(['stop-daemon']), { code: 0, stdout: `The daemon (process ${String(ready.pid)}) has stopped.\n` });
  t.false(await processIsRunning(ready.pid));
  t.regex(await readFile(join(user.configDir, 'daemon.log'), 'utf8'), /"level"/);
});

test('start-daemon --background tells why the daemon could not start', async (t) => {
  const user = await CommandLineUser.create(t);
  const words = [...startWords(user), '--background', '--json'];
  const first = await user.run(words);
  t.is(first.code, 0, first.stderr);
  const second = await user.run(words);
  t.is(second.code, 9);
  t.is(second.stdout, '');
  t.is(reasonOf(second.stderr), 'already-running');
  user.useDaemon(JSON.parse(first.stdout) as ReadyDaemon);
  t.is((await user.run(['stop-daemon'])).code, 0, 'the first one still runs');

  await writeFile(join(user.dir, 'file'), '');
  const noDirectory = await user.run(['start-daemon', '--background', '--port', '0', '--storage-dir', 'no/such/place']);
  t.is(noDirectory.code, 3);
  t.regex(noDirectory.stderr, /^kachery-p2p: path-not-found: [^\n]*no\/such\/place[^\n]*\n$/);
  const noConfigDirectory = await user.run([...startWords(user), '--background', '--config-dir', 'file']);
  t.is(noConfigDirectory.code, 5);
  t.regex(noConfigDirectory.stderr, /--config-dir/);
});

test('an interrupted start-daemon --background leaves no daemon behind', async (t) => {
  const user = await CommandLineUser.create(t);
  const child = user.spawn([...startWords(user), '--background']);
  const end = endOf(child);
  await once(child, 'spawn');
  const log = join(user.configDir, 'daemon.log');
  while (child.exitCode === null && !(await stat(log).catch(() => undefined))) await new Promise(setImmediate);
  child.kill('SIGINT');
  const { code, stdout } = await end;
  if (code === 130) {
    t.is(stdout, '');
    await t.throwsAsync(access(join(user.configDir, 'daemon.json')));
  } else {
    t.is(code, 0, 'it was ready before the interrupt arrived');
    user.useDaemon({ host: 'localhost', port: Number(/localhost:(\d+)/.exec(stdout)?.[1]) } as ReadyDaemon);
    t.is((await user.run(['stop-daemon'])).code, 0);
  }
});

test('a second daemon on the same directories or port is refused, and the first one goes on', async (t) => {
  const user = await CommandLineUser.create(t);
  const other = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon();
  for (const [who, words] of [
    [user, ['--port', '0', '--storage-dir', user.storageDir]],
    [other, ['--port', '0', '--storage-dir', user.storageDir]],
    [other, ['--port', String(ready.port), '--storage-dir', other.storageDir]],
  ] as const) {
    const end = await who.run(['start-daemon', '--json', '--log-level', 'silent', ...words]);
    t.is(end.code, 9, end.stderr);
    t.is(end.stdout, '');
    t.is(reasonOf(end.stderr), 'already-running');
  }
  t.is((await user.run(['node-info'])).code, 0);
});

test('watch tells of transfers until the daemon stops, and needs its owner', async (t) => {
  const user = await CommandLineUser.create(t);
  await user.startDaemon();
  const watching = user.spawn(['watch', '--json']);
  const watched = endOf(watching);
  let lines = '';
  watching.stdout.on('data', (data: Buffer) => (lines += data.toString()));
  for (let number = 0; !lines.includes('"kind":"store"'); number += 1) t.is((await user.run(['store', '-'], { input: String(number) })).code, 0);
  watching.kill('SIGINT');
  const { code, stdout } = await watched;
  t.is(code, 130);
  const transfers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; state: string });
  t.true(transfers.every(({ kind, state }) => ['store', 'read'].includes(kind) && ['active', 'done', 'failed'].includes(state)));
  const stranger = await user.run(['watch', '--json'], { variables: { KACHERY_P2P_CONFIG_DIR: join(user.dir, 'nowhere') } });
  t.is(stranger.code, 5);
  t.is(reasonOf(stranger.stderr), 'owner-only');
});
