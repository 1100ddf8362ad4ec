import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import test from 'ava';

import { connect, type Subfeed } from '../../src/client/index.js';
import { type CommandEnd, CommandLineUser, endOf } from '../support/command-line.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { sharedBefore } from '../support/suite-resources.js';

const execFileAsync = promisify(execFile);

const shared = sharedBefore(test, async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon();
  const client = await connect({ environment: user.environment });
  t.teardown(() => client.close());
  return { user, ready, client };
});

const run = (words: readonly string[], input?: string | Buffer): Promise<CommandEnd> => shared().user.run(words, input === undefined ? {} : { input });
const linesOf = ({ stdout }: CommandEnd): string[] => stdout.split('\n').slice(0, -1);
const jsonOf = (end: CommandEnd): unknown[] => linesOf(end).map((line) => JSON.parse(line) as unknown);
const failureOf = ({ stderr }: CommandEnd) => (JSON.parse(stderr) as { error: { reason: string; message: string; details: object } }).error;

/** A new feed's URI and id, and the URI of its subfeed `main`. */
async function newFeed() {
  const { id, uri } = await shared().client.feeds.create();
  return { id, uri, main: `${uri}/main` };
}

test.serial('feeds are made, listed, described and removed', async (t) => {
  const made = await run(['feed', 'create', 'my log']);
  t.like(made, { code: 0, stderr: '' });
  const uri = made.stdout.trimEnd();
  t.regex(uri, /^feed:\/\/[0-9a-f]{64}$/);
  const [nameless] = jsonOf(await run(['feed', 'create', '--json'])) as { id: string; uri: string; createdAt: string }[];
  t.is(nameless?.uri, `feed://${nameless?.id ?? ''}`);
  t.false('name' in (nameless ?? {}));
  const again = await run(['feed', 'create', 'my log', '--json']);
  t.is(again.code, 8);
  t.is(failureOf(again).reason, 'already-exists');

  const listed = await run(['feed', 'ls']);
  t.true(linesOf(listed).includes(`${uri}  writeable  my log`));
  t.true(linesOf(listed).includes(`${nameless?.uri ?? ''}  writeable`));
  t.true(jsonOf(await run(['feed', 'ls', '--json'])).some((feed) => (feed as { name?: string }).name === 'my log'));

  await run(['feed', 'append', 'my log', '--subfeed', 'main', '1', '2']);
  await run(['feed', 'append', 'my log', '--subfeed-json', '{"b":1,"a":null}', '3']);
  t.deepEqual(
    linesOf(await run(['feed', 'ls', uri])).sort(),
    [`${uri}/main  2 messages`, `${uri}/~${createHash('sha1').update('{"a":null,"b":1}').digest('hex')}  1 messages  {"a":null,"b":1}`].sort(),
  );
  const [info] = jsonOf(await run(['feed', 'info', 'my log', '--json']));
  t.like(info, { uri, name: 'my log', isWriteable: true, subfeeds: 2, messages: 3 });
  t.regex((await run(['feed', 'info', uri])).stdout, /Name +my log\n(.*\n)*Messages +3\n/);

  const removed = await run(['feed', 'rm', 'nobody', 'my log', '--json']);
  t.is(removed.code, 3);
  t.like(jsonOf(removed), { length: 1, 0: { uri } });
  t.is(failureOf(removed).reason, 'feed-not-found');
  t.is((await run(['feed', 'info', uri])).code, 3);
});

test.serial('messages are told as the JSON that was appended, every digit of it', async (t) => {
  const { main } = await newFeed();
  const messages = ['12345678901234567890', '{"z": 0.10, "a": [1e2]}', '"é😀\\ud800"', 'null', '""', '-5'];
  const appended = await run(['feed', 'append', main, '--', ...messages]);
  t.like(appended, { code: 0, stderr: '', stdout: `6 messages appended to ${main}, from position 0 on\n` });
  t.deepEqual(linesOf(await run(['feed', 'cat', main])), messages);
  t.deepEqual(linesOf(await run(['feed', 'cat', main, '--verify'])), messages);
  t.deepEqual(linesOf(await run(['feed', 'cat', main, '--position', '2', '--max', '2'])), messages.slice(2, 4));
  t.deepEqual(linesOf(await run(['feed', 'cat', main, '--max', '0'])), []);

  await run(['feed', 'append', main, '{\n  "spread": "over lines"\r\n}']);
  t.is((await run(['feed', 'cat', main, '--position', '6'])).stdout, '{   "spread": "over lines"  }\n');
  const told = await run(['feed', 'cat', main, '--json']);
  t.regex(linesOf(told)[0] ?? '', /^\{"position":0,"timestamp":"\d{4}-\d\d-\d\dT[\d:.]+Z","submitter":null,"message":12345678901234567890\}$/);
  t.deepEqual(
    jsonOf(told).map((line) => (line as { position: number }).position),
    [0, 1, 2, 3, 4, 5, 6],
  );
});

test.serial('what would change a terminal is told escaped to people', async (t) => {
  const name = 'log\u009b31m\u202e';
  const shown = String.raw`log\u009b31m\u202e`;
  const uri = (await run(['feed', 'create', name])).stdout.trimEnd();
  t.true(linesOf(await run(['feed', 'ls'])).includes(`${uri}  writeable  ${shown}`));
  t.true((await run(['feed', 'info', name])).stdout.includes(shown));
  t.regex((await run(['feed', 'info', `no ${name}`])).stderr, /^[ -~]+\n$/);
  await run(['feed', 'append', uri, '--subfeed', 'main', JSON.stringify(name)]);
  t.is((await run(['feed', 'cat', `${uri}/main`])).stdout, `"${shown}"\n`);
});

test.serial('a subfeed is named in the URI, by its name, its hash or its JSON, and by one of them', async (t) => {
  const { id, uri } = await newFeed();
  const hash = 'b28b7af69320201d1cf206ebf28373980add1451';
  const names = [[`${uri}/main`], [uri, '-s', 'main'], [id, '--subfeed-json', '"main"'], [`${uri}/~${hash}`], [id, '--subfeed', `~${hash}`]];
  for (const name of names) await run(['feed', 'append', ...name, '0']);
  t.is(await (await shared().client.feeds.load(id)).subfeed('main').getLength(), names.length);
  await run(['feed', 'append', `${uri}/b%20%2F%C3%A9`, '1']);
  t.is((await run(['feed', 'cat', id, '--subfeed', 'b /é'])).stdout, '1\n');

  for (const words of [
    [uri],
    [id],
    [`${uri}/main`, '-s', 'main'],
    [uri, '-s', 'a', '-s', 'b'],
    [uri, '--subfeed-json', 'main'],
    [uri, '--subfeed-json', '9007199254740993'],
  ]) {
    const end = await run(['feed', 'cat', ...words, '--json']);
    t.is(end.code, 2, words.join(' '));
    t.is(failureOf(end).reason, 'invalid-argument');
  }
  t.regex((await run(['feed', 'cat', uri])).stderr, /--subfeed main/);
});

test.serial('what cannot be is refused, with the exit code of its reason', async (t) => {
  const { main, uri } = await newFeed();
  await run(['feed', 'append', main, '1', '2']);
  const codes: [readonly string[], number][] = [
    [['feed', 'cat', main, '--position', '2'], 0],
    [['feed', 'cat', main, '--position', '3'], 10],
    [['feed', 'cat', main, '--position', '-1'], 2],
    [['feed', 'cat', main, '--max', 'all'], 2],
    [['feed', 'follow', main, '--new', '--position', '0'], 2],
    [['feed', 'append', main, '--expect-length', '7', '3'], 8],
    [['feed', 'append', main, '3', '{'], 2],
    [['feed', 'cat', 'feed://x/main'], 2],
    [['feed', 'cat', `feed://${'f'.repeat(64)}/main`], 3],
    [['feed', 'info', main], 2],
    [['feed', 'nothing'], 2],
    [['feed'], 2],
  ];
  for (const [words, code] of codes) t.is((await run(words)).code, code, words.join(' '));
  t.deepEqual(linesOf(await run(['feed', 'cat', main])), ['1', '2']);
  t.like(await run(['feed', 'append', uri, '-s', 'main', '--expect-length', '2', '3', '4']), { code: 0 });
});

test.serial('without a daemon feeds are refused, and offline it is said why', async (t) => {
  const user = await CommandLineUser.create(t);
  t.is((await user.run(['feed', 'ls'], { variables: { KACHERY_P2P_API_PORT: '1' } })).code, 4);
  user.goOffline();
  for (const words of [['create'], ['ls'], ['info', 'x'], ['rm', 'x'], ['append', 'x', '-s', 'm', '1'], ['cat', 'x', '-s', 'm'], ['follow', 'x', '-s', 'm']]) {
    const end = await user.run(['feed', ...words, '--json']);
    t.is(end.code, 9, words.join(' '));
    t.is(failureOf(end).reason, 'offline');
  }
});

test.serial('many lines of standard input are appended in order', async (t) => {
  const { uri, main } = await newFeed();
  const lines = Array.from({ length: 60_000 }, (_, index) => JSON.stringify({ index, text: 'é'.repeat(index % 7) }));
  const appended = await run(['feed', 'append', main, '--json'], `\uFEFF${lines.join('\n')}\r\n \n\n"last"`);
  t.like(appended, { code: 0, stderr: '' });
  t.deepEqual(jsonOf(appended), [{ uri: main, position: 0, appended: 60_001, length: 60_001 }]);
  t.deepEqual(linesOf(await run(['feed', 'cat', main])), [...lines, '"last"']);
  t.like(await run(['feed', 'append', uri, '-s', 'none', '-']), { code: 0, stdout: `0 messages appended to ${uri}/none\n` });
});

test.serial('a line is appended when it comes, not when the stream ends', async (t) => {
  const { user } = shared();
  const { main } = await newFeed();
  const writer = user.spawn(['feed', 'append', main]);
  const end = endOf(writer);
  const follower = followLines(['feed', 'follow', main]);
  for (const line of ['1', '2']) {
    writer.stdin.write(`${line}\n`);
    t.is(await follower.next(), line);
  }
  writer.stdin.end('3');
  t.is(await follower.next(), '3');
  t.like(await end, { code: 0, stdout: `3 messages appended to ${main}, from position 0 on\n` });
});

for (const [what, line, problem] of [
  ['JSON', Buffer.from('{bad'), /^line 4 is not JSON: "\{bad"/],
  ['UTF-8', Buffer.from([0x22, 0xff, 0x22]), /^line 4 is not UTF-8/],
] as const) {
  test.serial(`a line that is not ${what} is named, nothing of its batch is appended, and what was before stays`, async (t) => {
    const { user } = shared();
    const { main } = await newFeed();
    const writer = user.spawn(['feed', 'append', main, '--json']);
    const end = endOf(writer);
    const follower = followLines(['feed', 'follow', main]);
    writer.stdin.write('1\n2\n');
    t.is(await follower.next(), '1');
    t.is(await follower.next(), '2');
    writer.stdin.end(Buffer.concat([Buffer.from('"in the batch"\n'), line, Buffer.from('\n5\n')]));
    const ended = await end;
    t.is(ended.code, 2);
    t.regex(failureOf(ended).message, problem);
    t.regex(failureOf(ended).message, / Nothing from line 3 on was appended\.$/);
    t.deepEqual(jsonOf(ended), [{ uri: main, position: 0, appended: 2, length: 2 }]);
    t.deepEqual(linesOf(await run(['feed', 'cat', main])), ['1', '2']);
  });
}

test.serial('a line that is too long is named', async (t) => {
  const { main } = await newFeed();
  const end = await run(['feed', 'append', main, '--json'], `1\n2\n"${'x'.repeat(1024 * 1024)}"\n4\n`);
  t.is(end.code, 2);
  t.regex(failureOf(end).message, /^line 3 has 1048578 bytes; at most 1048576 are allowed\. Nothing from line [13] on was appended\.$/);
});

test.serial('a line that never ends is not held in memory', async (t) => {
  const { main } = await newFeed();
  const writer = shared().user.spawn(['feed', 'append', main, '--json']);
  const end = endOf(writer);
  const piece = Buffer.alloc(65_536, '1');
  const feed = (): void => {
    while (writer.stdin.writable && writer.stdin.write(piece));
  };
  writer.stdin.on('drain', feed);
  feed();
  const ended = await end;
  t.is(ended.code, 2);
  t.regex(failureOf(ended).message, /^line 1 has \d+ bytes; at most 1048576 are allowed\. Nothing from line 1 on was appended\.$/);
});

test.serial('messages that are arguments are appended all or none', async (t) => {
  const { main } = await newFeed();
  const end = await run(['feed', 'append', main, '1', 'two', '--json']);
  t.is(end.code, 2);
  t.regex(failureOf(end).message, /^message 2 is not JSON: "two"\. A text needs its quotation marks/);
  t.deepEqual(linesOf(await run(['feed', 'cat', main])), []);
});

test.serial('Ctrl-C tells what was appended, and of which lines it is not known', async (t) => {
  const { user, ready } = shared();
  const { main } = await newFeed();
  const follower = followLines(['feed', 'follow', main]);
  const writer = user.spawn(['feed', 'append', main]);
  const end = endOf(writer);
  writer.stdin.write('1\n');
  await follower.next();
  writer.kill('SIGINT');
  t.like(await end, { code: 130, stdout: `1 messages appended to ${main}, from position 0 on\n`, stderr: '' });

  const proxy = await startCuttingProxy(t, ready.port);
  const waiting = user.spawn(['feed', 'append', main], { variables: { KACHERY_P2P_API_PORT: String(proxy.port) } });
  const told = endOf(waiting);
  waiting.stdin.write('2\n');
  t.is(await follower.next(), '2');
  // This is sent only when 2 was answered, so that there is something to tell.
  waiting.stdin.write('3\n');
  t.is(await follower.next(), '3');
  const answered = proxy.holdAnswers();
  waiting.stdin.write('4\n5\n');
  await answered;
  waiting.kill('SIGTERM');
  const ended = await told;
  t.is(ended.code, 143);
  t.regex(ended.stdout, /^\d messages appended to .*, from position 1 on\n$/);
  t.regex(ended.stderr, /^kachery-p2p: cancelled: .* Whether lines \d to \d were appended is not known; nothing behind them was\.\n$/);
});

test.serial('appending goes on when the daemon was killed and is back, and each line is appended once', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready, child } = await user.startDaemon();
  const uri = (await user.run(['feed', 'create'])).stdout.trimEnd();
  const writer = user.spawn(['feed', 'append', uri, '-s', 'main', '--json']);
  const end = endOf(writer);
  const follower = followLines(['feed', 'follow', uri, '-s', 'main'], user);
  const lines = Array.from({ length: 2_000 }, (_, index) => String(index));
  const feed = (async () => {
    for (const line of lines) {
      writer.stdin.write(`${line}\n`);
      await new Promise(setImmediate);
    }
    writer.stdin.end();
  })();
  await follower.next();
  child.kill('SIGKILL');
  await once(child, 'exit');
  await user.startDaemon(['--port', String(ready.port)]);
  await feed;
  t.like(await end, { code: 0, stderr: '' });
  t.deepEqual(linesOf(await user.run(['feed', 'cat', uri, '-s', 'main'])), lines);
});

test.serial('follow goes on without a gap or a double when the daemon was killed and is back, and ends with Ctrl-C', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready, child } = await user.startDaemon();
  const main = `${(await user.run(['feed', 'create'])).stdout.trimEnd()}/main`;
  await user.run(['feed', 'append', main, '0', '1']);
  const follower = followLines(['feed', 'follow', main, '--json'], user);
  const next = async () => JSON.parse(await follower.next()) as { position: number; message: unknown };
  for (const message of [0, 1]) t.like(await next(), { position: message, message });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await user.startDaemon(['--port', String(ready.port)]);
  await user.run(['feed', 'append', main, '2', '3']);
  for (const message of [2, 3]) t.like(await next(), { position: message, message });
  follower.child.kill('SIGINT');
  t.like(await follower.ended, { code: 130 });
});

test.serial('follow begins where it is told, and ends behind as many messages as are wanted', async (t) => {
  const { main } = await newFeed();
  await run(['feed', 'append', main, '0', '1', '2']);
  t.deepEqual(linesOf(await run(['feed', 'follow', main, '--position', '1', '--max', '2', '--verify'])), ['1', '2']);
  t.like(await run(['feed', 'follow', main, '--max', '0']), { code: 0, stdout: '' });
  const later = run(['feed', 'follow', main, '--position', '4', '--max', '1']);
  const original = followLines([main, '--position', '3'], shared().user, 'kachery-p2p-print-messages.js');
  await run(['feed', 'append', main, '3', '4']);
  t.deepEqual(linesOf(await later), ['4']);
  t.is(await original.next(), '3');
  t.is(await original.next(), '4');
});

test.serial('follow --new tells only what comes', async (t) => {
  const { main, id } = await newFeed();
  await run(['feed', 'append', main, '"before"']);
  const subfeed = (await shared().client.feeds.load(id)).subfeed('main');
  const news = run(['feed', 'follow', main, '--new', '--max', '1', '--json']);
  const stop = appendUntilStopped(subfeed);
  const [told] = jsonOf(await news) as { position: number; message: unknown }[];
  await stop();
  t.true((told?.position ?? 0) >= 1);
  t.is(told?.message, told?.position);
});

test.serial('cat and follow end quietly when their reader goes away', async (t) => {
  const { user, client } = shared();
  const { main, id } = await newFeed();
  const subfeed = (await client.feeds.load(id)).subfeed('main');
  await subfeed.append(Array.from({ length: 10_000 }, () => 'x'.repeat(100)));
  const stop = appendUntilStopped(subfeed);
  for (const command of ['cat', 'follow']) {
    const program = `set -o pipefail; '${process.execPath}' '${resolve('dist/programs/cli/main.js')}' feed ${command} ${main} | head -n 3`;
    const { stdout, stderr } = await execFileAsync('bash', ['-c', program], { env: user.environment });
    t.is(stdout, `"${'x'.repeat(100)}"\n`.repeat(3), command);
    t.is(stderr, '', command);
  }
  await stop();
});

test.serial('a message that is not JSON is told to programs in base64', async (t) => {
  const { main, id } = await newFeed();
  const subfeed = (await shared().client.feeds.load(id)).subfeed('main');
  await subfeed.append([Buffer.from('1'), Buffer.from([0xff, 0x0a]), Buffer.from('{'), Buffer.from('2')], { encoding: 'bytes' });
  const plain = await run(['feed', 'cat', main]);
  t.like(plain, { code: 2, stdout: '1\n' });
  t.regex(plain.stderr, /position 1 is not JSON.*--position 2/);
  const told = jsonOf(await run(['feed', 'cat', main, '--json'])) as { message?: unknown; base64?: string }[];
  t.deepEqual(
    told.map(({ message, base64 }) => base64 ?? message),
    [1, '/wo=', 'ew==', 2],
  );
});

test.serial('nodes may submit messages as the rules say, and stand beside them', async (t) => {
  const { ready } = shared();
  const { main } = await newFeed();
  t.like(await run(['feed', 'rules', main]), { code: 0, stdout: '' });
  t.is((await run(['feed', 'submit', main, '1'])).code, 5);
  const other = 'ab'.repeat(32);
  const granted = await run(['feed', 'rules', main, '--grant', ready.nodeId, '--grant', other, '--json']);
  t.deepEqual(
    jsonOf(granted),
    [ready.nodeId, other].map((nodeId) => ({ nodeId, mayWrite: true })),
  );
  t.like(await run(['feed', 'submit', main], '1\n2\n'), { code: 0, stdout: `2 messages appended to ${main}, from position 0 on\n` });
  t.like(jsonOf(await run(['feed', 'cat', main, '--json'])), { length: 2, 0: { submitter: ready.nodeId, message: 1 } });
  await run(['feed', 'rules', main, '--revoke', ready.nodeId]);
  t.is((await run(['feed', 'rules', main])).stdout, `${other} may write\n`);
  t.is((await run(['feed', 'submit', main, '3'])).code, 5);
  t.is((await run(['feed', 'rules', main, '--grant', 'nobody'])).code, 2);
});

test.serial('a snapshot is a file with the messages of all subfeeds or of some', async (t) => {
  const { uri, main } = await newFeed();
  await run(['feed', 'append', main, '{"x":1}']);
  await run(['feed', 'append', uri, '-s', 'other', '2']);
  const all = (await run(['feed', 'snapshot', uri])).stdout.trimEnd();
  t.regex(all, /^sha1:\/\/[0-9a-f]{40}\/feed\.json$/);
  const subfeedsOf = async (file: string) => Object.keys(((await shared().client.loadJson(file)) as { subfeeds: object }).subfeeds);
  t.is((await subfeedsOf(all)).length, 2);
  const [some] = jsonOf(await run(['feed', 'snapshot', main, '--json'])) as { feed: string; uri: string }[];
  t.is(some?.feed, uri);
  t.deepEqual(await subfeedsOf(some?.uri ?? ''), ['b28b7af69320201d1cf206ebf28373980add1451']);
});

/** Lines of a command that does not end by itself; the test's end, or that of the tests, ends it. */
function followLines(words: readonly string[], user = shared().user, program = 'main.js') {
  const child = user.spawn(words, { program });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit').then(([code]) => ({ code: code as number | null }));
  const next = async (): Promise<string> => ((await lines.next()) as IteratorResult<string, undefined>).value ?? 'no more lines';
  return { child, ended, next };
}

/** Appends the position of each message as the message, one after another, until what is returned is called. */
function appendUntilStopped(subfeed: Subfeed): () => Promise<void> {
  const end = new AbortController();
  const appending = (async () => {
    for (let position = await subfeed.getLength(); !end.signal.aborted; position += 1) await subfeed.append([position]);
  })();
  return () => {
    end.abort();
    return appending;
  };
}
