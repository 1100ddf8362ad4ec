import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import test from 'ava';

import { type CommandEnd, CommandLineUser } from '../support/command-line.js';
import { bearer, callOnce, connectRpc } from '../support/rpc-clients.js';
import { sharedBefore } from '../support/suite-resources.js';

const shared = sharedBefore(test, async (t) => {
  const user = await CommandLineUser.create(t);
  await user.startDaemon();
  return user;
});

const run = (words: readonly string[], input = ''): Promise<CommandEnd> => shared().run(['mutable', ...words], { input });
const jsonOf = ({ stdout }: CommandEnd): unknown[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
const reasonOf = ({ stderr }: CommandEnd): string => (JSON.parse(stderr) as { error: { reason: string } }).error.reason;

interface Told {
  readonly key: unknown;
  readonly value: unknown;
  readonly version: number;
  readonly updatedAt: string;
}

test.serial('a value is set, told and removed', async (t) => {
  t.is((await run(['get', 'color'])).code, 3);
  t.regex((await run(['set', 'color', '"blue"'])).stdout, /^"color" set, version \d+\n$/);
  t.like(await run(['get', 'color']), { code: 0, stdout: '"blue"\n', stderr: '' });
  const [told] = jsonOf(await run(['get', 'color', '--json'])) as Told[];
  t.like(told, { key: 'color', value: 'blue' });
  t.regex(told?.updatedAt ?? '', /^\d{4}-\d\d-\d\dT/);
  t.deepEqual(jsonOf(await run(['rm', 'color', '--json'])), [{ key: 'color' }]);
  const gone = await run(['get', 'color', '--json']);
  t.is(gone.code, 3);
  t.is(reasonOf(gone), 'mutable-not-found');
});

test.serial('keys and values are any JSON', async (t) => {
  for (const value of ['null', 'true', 'false', '0', '""', '[]', '{"a":[1,{"b":null}]}']) {
    await run(['set', 'kind', value]);
    t.is((await run(['get', 'kind'])).stdout, `${value}\n`);
  }
  await run(['set', '--key-json', '{"b":1,"a":[null]}', '"object"']);
  t.is((await run(['get', '--key-json', ' {"a": [null], "b": 1.0}'])).stdout, '"object"\n');
  t.like(await run(['set', 'piped', '-'], `${JSON.stringify('é'.repeat(100_000))}\n`), { code: 0 });
  t.true((await run(['get', 'piped'])).stdout === `"${'é'.repeat(100_000)}"\n`);
  t.like(jsonOf(await run(['get', 'piped', '--json'])), { 0: { value: 'é'.repeat(100_000) } });
});

test.serial('a value that another program set is told with every digit', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon();
  const token = bearer(await readFile(join(user.storageDir, 'client-auth'), 'utf8'));
  const valueJson = '{"id": 12345678901234567890,\n "x": 1.0}';
  await callOnce(connectRpc(t, ready.address).mutables, 'setMutable', { keyJson: '"exact"', valueJson, expectation: undefined }, token);
  const line = valueJson.replace('\n', ' ');
  t.is((await user.run(['mutable', 'get', 'exact'])).stdout, `${line}\n`);
  t.is((await user.run(['mutable', 'ls'])).stdout, `"exact"\t${line}\n`);
  t.true((await user.run(['mutable', 'ls', '--json'])).stdout.startsWith(`{"key":"exact","value":${line},"version":`));
});

test.serial('what cannot be is refused, with the exit code of its reason', async (t) => {
  const codes: [readonly string[], number][] = [
    [['set', 'x', 'bare'], 2],
    [['set', 'x', '12345678901234567890'], 2],
    [['set', 'x', '[0.12345678901234567890]'], 2],
    [['set', 'x', '1e400'], 2],
    [['set', '--key-json', '["job",12345678901234567890]', '1'], 2],
    [['set', 'x', '1', '--expect-value', '12345678901234567890'], 2],
    [['ls', '--key-json', '["job", '], 2],
    [['watch', '--key-json', ' "job'], 2],
    [['set', 'x', '1', '--key-json'], 2],
    [['set', 'x', '1', '--if-absent', '--expect-version', '1'], 2],
    [['set', 'x', '1', '--expect-version', 'one'], 2],
    [['rm', 'x', 'y', '--expect-version', '1'], 2],
    [['rm', 'x'], 3],
    [['get'], 2],
  ];
  for (const [words, code] of codes) t.is((await run(words)).code, code, words.join(' '));
  t.is((await run(['set', 'x', '-'], ' '.repeat(1024 * 1024 + 1))).code, 2);
  t.is((await run(['get', 'x'])).code, 3);
  t.regex(
    (await run(['set', 'x', '{"id": 12345678901234567890}'])).stderr,
    /12345678901234567890, whose last digits would be lost: it would be kept as 12345678901234567000\./,
  );
  t.like(await run(['set', 'x', '"12345678901234567890 in a text"']), { code: 0 });
});

test.serial('a change is made only if what is expected is there', async (t) => {
  const setVersion = async (words: readonly string[]): Promise<string> =>
    String((jsonOf(await run(['set', 'guarded', ...words, '--json']))[0] as Told).version);
  const first = await setVersion(['1', '--if-absent']);
  const again = await run(['set', 'guarded', '2', '--if-absent', '--json']);
  t.is(again.code, 8);
  t.is(reasonOf(again), 'mutable-conflict');
  const second = await setVersion(['{"a":1,"b":2}', '--expect-version', first]);
  t.is((await run(['set', 'guarded', '3', '--expect-version', first])).code, 8);
  await setVersion(['3', '--expect-value', '{"b": 2, "a": 1}']);
  t.is((await run(['rm', 'guarded', '--expect-version', second])).code, 8);
  t.like(await run(['rm', 'guarded', '--expect-value', '3']), { code: 0, stdout: '"guarded" removed\n' });
});

test.serial('keys are listed with their values, all or those with a prefix', async (t) => {
  for (const [key, value] of [
    ['"job/1"', '1'],
    ['"job/2"', '{"a":"b c"}'],
    ['["job",1]', 'null'],
  ] as const) {
    await run(['set', '--key-json', key, value]);
  }
  t.is((await run(['ls', 'job/'])).stdout, '"job/1"\t1\n"job/2"\t{"a":"b c"}\n');
  t.is((await run(['ls', '--key-json', '["job",'])).stdout, '["job",1]\tnull\n');
  t.regex((await run(['ls', '--key-json', '[ "job" ,'])).stderr, /no white space outside of texts\. Write \["job",\n$/);
  await run(['set', 'é 1', '1']);
  for (const words of [['é'], ['--key-json', '"é 1'], ['--key-json', '"é ']]) t.is((await run(['ls', ...words])).stdout, '"é 1"\t1\n', words.join(' '));
  const all = jsonOf(await run(['ls', '--json'])) as Told[];
  t.true(all.length > 3);
  t.like(
    all.find(({ key }) => key === 'job/2'),
    { value: { a: 'b c' } },
  );
});

test.serial('what would change a terminal is told escaped to people, and the value is the same', async (t) => {
  const text = 'a\u009b31m\u2028\u202eb\u0085\u007f';
  const shown = String.raw`"a\u009b31m\u2028\u202eb\u0085\u007f"`;
  t.regex((await run(['set', text, JSON.stringify(text)])).stdout, /^[ -~]+\n$/);
  t.is((await run(['get', text])).stdout, `${shown}\n`);
  t.is((await run(['ls', 'a\u009b'])).stdout, `${shown}\t${shown}\n`);
  t.like(jsonOf(await run(['ls', 'a\u009b', '--json'])), { 0: { key: text, value: text } });
  t.is((await run(['rm', text])).stdout, `${shown} removed\n`);
  t.regex((await run(['rm', text])).stderr, /^[ -~]+\n$/);
});

test.serial('several values are removed, and one that is not there is told', async (t) => {
  for (const key of ['one', 'three']) await run(['set', key, '1']);
  const end = await run(['rm', 'one', 'two', 'three']);
  t.like(end, { code: 3, stdout: '"one" removed\n"three" removed\n' });
  t.regex(end.stderr, /^kachery-p2p: mutable-not-found: The key "two" has no value on this node\.\n$/);
});

test.serial('watch tells changes, goes on when the daemon was killed and is back, and ends with Ctrl-C', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready, child } = await user.startDaemon();
  const change = (words: readonly string[]): Promise<CommandEnd> => user.run(['mutable', ...words]);
  await change(['set', 'seen/a', '1']);
  await change(['set', 'other', '1']);
  const watcher = user.spawn(['mutable', 'watch', 'seen/', '--existing']);
  const lines = createInterface({ input: watcher.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => (await lines.next()).value;
  t.is(await next(), '"seen/a"\t1');
  const told = user.spawn(['mutable', 'watch', 'seen/', '--existing', '--json']);
  const [line] = (await once(createInterface({ input: told.stdout }), 'line')) as [string];
  t.like(JSON.parse(line), { kind: 'set', key: 'seen/a', value: 1 });
  await change(['set', 'seen/a', '2']);
  t.is(await next(), '"seen/a"\t2');
  await change(['rm', 'seen/a']);
  t.is(await next(), '"seen/a" removed');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await user.startDaemon(['--port', String(ready.port)]);
  await change(['set', 'seen/b', '3']);
  t.is(await next(), '"seen/b"\t3');
  watcher.kill('SIGINT');
  t.deepEqual(await once(watcher, 'exit'), [130, null]);
});

test.serial('offline it is said why there are no mutables', async (t) => {
  const user = await CommandLineUser.create(t);
  user.goOffline();
  for (const words of [['get', 'x'], ['set', 'x', '1'], ['rm', 'x'], ['ls'], ['watch']]) {
    const end = await user.run(['mutable', ...words, '--json']);
    t.is(end.code, 9, words.join(' '));
    t.is(reasonOf(end), 'offline');
  }
});
