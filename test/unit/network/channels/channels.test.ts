import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { systemClock } from '../../../../src/core/clock.js';
import { type FailureReason, isKacheryError } from '../../../../src/core/failure.js';
import { limits } from '../../../../src/core/limits.js';
import { type StructuredLog } from '../../../../src/core/structured-log.js';
import { ChannelReader } from '../../../../src/network/channels/channel-reader.js';
import { type ChannelSource } from '../../../../src/network/channels/channel-source.js';
import { Channels } from '../../../../src/network/channels/channels.js';
import { channelSource } from '../../../../src/network/channels/timed-channel-source.js';
import { until } from '../../../fault/until.js';
import { ChannelServer } from '../../../support/channel-server.js';
import { channelText, madeUpNodeId } from '../../../support/channel-text.js';
import { temporaryFolder } from '../../../support/temporary-storage.js';

const [self, anna, ben] = [madeUpNodeId(1), madeUpNodeId(2), madeUpNodeId(3)];
const noRoles = { relay: false, public: false };
const never = { refreshMs: 2 ** 30, retryMs: 2 ** 30, fileCheckMs: 2 ** 30 };
const noProxies = { http: undefined, https: undefined, none: undefined };
const silent: StructuredLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function openChannels(
  t: ExecutionContext,
  configDir: string,
  times = never,
  log = silent,
  source = channelSource(noProxies, systemClock),
): Promise<Channels> {
  const reader = new ChannelReader(source);
  const channels = await Channels.open({ nodeId: self, configDir, reader, clock: systemClock, random: Math.random, log }, times);
  t.teardown(() => channels.close());
  return channels;
}

async function fails(t: ExecutionContext, work: Promise<unknown>, reason: FailureReason, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(work, { message });
  t.true(isKacheryError(error, reason), error.stack);
}

/** A signal that nobody aborts. */
const unhurried = () => ({ signal: new AbortController().signal });
const members = (channels: Channels) => [...channels.members().keys()].sort();

test('a channel is joined, its roles are changed, and it is left', async (t) => {
  const server = await ChannelServer.start(t);
  server.put(
    '/lab',
    channelText(
      'the-lab',
      [
        { nodeId: self, roles: ['isMessageProxy'] },
        { nodeId: anna, label: 'Anna', roles: ['isAdmin'] },
      ],
      ['hub.example:1'],
    ),
  );
  const channels = await openChannels(t, await temporaryFolder(t));
  let changes = 0;
  const unwatch = channels.watch(() => changes++);
  const joined = await channels.join(server.url('/lab'), noRoles, unhurried());
  t.like(joined, { address: server.url('/lab'), label: 'the-lab', isAuthorized: true, roles: noRoles, grantedRoles: noRoles, problem: '' });
  t.true(Math.abs((joined.readAtMs ?? 0) - Date.now()) < 60_000);
  t.is(joined.nodes.length, 2);
  t.deepEqual(members(channels), [anna]);
  t.deepEqual(channels.bootstrapAddresses(), ['hub.example:1']);
  t.is(changes, 1);
  t.false(channels.hasRole('relay'));

  const again = await channels.join(server.url('/lab'), { relay: true, public: true }, unhurried());
  t.deepEqual(again.grantedRoles, { relay: true, public: false });
  t.true(channels.hasRole('relay'));
  t.false(channels.hasRole('public'));
  t.is(channels.list().length, 1);
  t.is(changes, 2);
  t.is(channels.addressOf('the-lab'), server.url('/lab'));

  await channels.leave('the-lab');
  t.deepEqual([channels.list(), members(channels), channels.tags()], [[], [], []]);
  t.is(changes, 3);
  await fails(t, channels.leave(server.url('/lab')), 'channel-not-joined', /has not joined it/);
  unwatch();
  await channels.join(server.url('/lab'), noRoles, unhurried());
  t.is(changes, 3);
});

test('what cannot be read is not joined', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/page', '<html></html>');
  const dir = await temporaryFolder(t);
  const channels = await openChannels(t, dir);
  await fails(t, channels.join(server.url('/absent'), noRoles, unhurried()), 'channel-unavailable', /status 404/);
  await fails(t, channels.join(server.url('/page'), noRoles, unhurried()), 'channel-invalid', /web page/);
  await fails(t, channels.join('lab.yaml', noRoles, unhurried()), 'invalid-argument', /relative path/);
  server.put('/silent', () => undefined);
  const controller = new AbortController();
  const joining = channels.join(server.url('/silent'), noRoles, { signal: controller.signal });
  await server.requested();
  controller.abort(new Error('enough'));
  await t.throwsAsync(joining, { message: 'enough' });
  t.deepEqual(channels.list(), []);
  t.false((await readdir(dir)).includes('channels.json'));
});

test('a joined channel whose address fails keeps what it said, and takes other roles', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/lab', channelText('the-lab', [{ nodeId: self, roles: ['isPublic'] }, { nodeId: anna }]));
  const channels = await openChannels(t, await temporaryFolder(t));
  await channels.join(server.url('/lab'), noRoles, unhurried());
  server.put('/lab', 'channelLabel: [');
  const again = await channels.join(server.url('/lab'), { relay: false, public: true }, unhurried());
  t.like(again, { label: 'the-lab', grantedRoles: { public: true } });
  t.regex(again.problem, /is not a channel: line 1/);
  t.deepEqual(members(channels), [anna]);
  server.put('/lab', channelText('the-lab', [{ nodeId: self }]));
  await channels.refreshNow();
  t.like(channels.list()[0], { problem: '', grantedRoles: { public: false } });
});

test('changes and revocations come with the next reading, and watchers hear of those that matter', async (t) => {
  const server = await ChannelServer.start(t);
  const text = channelText('the-lab', [{ nodeId: self }, { nodeId: anna }]);
  server.put('/lab', text);
  const channels = await openChannels(t, await temporaryFolder(t));
  await channels.join(server.url('/lab'), noRoles, unhurried());
  const seen: string[][] = [];
  channels.watch(() => seen.push(members(channels)));
  await channels.refreshNow();
  server.put('/lab', `# a comment\n${text}note: something\n`);
  await channels.refreshNow();
  t.deepEqual(seen, []);
  server.put('/lab', channelText('the-lab', [{ nodeId: self }, { nodeId: anna }, { nodeId: ben }]));
  await channels.refreshNow();
  server.put('/lab', channelText('the-lab', [{ nodeId: self }, { nodeId: ben }]));
  await channels.refreshNow();
  t.deepEqual(seen, [[anna, ben], [ben]]);
  t.deepEqual(channels.compare(anna, channels.tags()), { shared: [], refused: channels.tags() });
  server.put('/lab', channelText('the-lab', [{ nodeId: ben }]));
  await channels.refreshNow();
  t.deepEqual(seen.slice(2), [[]]);
  t.false(channels.list()[0]?.isAuthorized);
});

test('channels are read again by themselves, sooner after a failure', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/lab', channelText('the-lab', [{ nodeId: self }]));
  const channels = await openChannels(t, await temporaryFolder(t), { refreshMs: 20, retryMs: 1, fileCheckMs: 2 ** 30 });
  await channels.join(server.url('/lab'), noRoles, unhurried());
  server.put('/lab', (_request, response) => {
    response.writeHead(500).end();
  });
  await until('a problem', () => channels.list()[0]?.problem !== '');
  server.put('/lab', channelText('the-lab', [{ nodeId: self }, { nodeId: anna }]));
  await until('the new member', () => members(channels).length === 1);
  t.is(channels.list()[0]?.problem, '');
});

test('what is no channel is not parsed again before it changes', async (t) => {
  const good = channelText('the-lab', [{ nodeId: self }]);
  const known: unknown[] = [];
  let text = good;
  const source: ChannelSource = {
    read: (_address, options) => {
      known.push(options.known?.['digest']);
      return Promise.resolve({ text, version: {} });
    },
  };
  const channels = await openChannels(t, await temporaryFolder(t), never, silent, source);
  await channels.join('https://example.org/lab', noRoles, unhurried());
  for (text of [good, 'x', 'x', good, good]) {
    await channels.refreshNow();
    t.is(channels.list()[0]?.problem === '', text === good);
  }
  const [goodDigest, badDigest] = [good, 'x'].map((each) => createHash('sha256').update(each).digest('hex'));
  t.deepEqual(known, [undefined, goodDigest, goodDigest, badDigest, badDigest, goodDigest]);
});

test('a failing channel is tried again soon, a good one in its time', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/good', channelText('good', [{ nodeId: self }]));
  server.put('/bad', channelText('badd', [{ nodeId: self }]));
  const channels = await openChannels(t, await temporaryFolder(t), { ...never, retryMs: 1 });
  for (const path of ['/good', '/bad']) await channels.join(server.url(path), noRoles, unhurried());
  server.put('/bad', 'broken');
  await channels.refreshNow();
  const count = (path: string): number => server.requests.filter((request) => request.path === path).length;
  await until('more tries', () => count('/bad') >= 6);
  t.is(count('/good'), 2);
});

test('a file on this machine is looked at often', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'lab.yaml');
  await writeFile(path, channelText('the-lab', [{ nodeId: self }]));
  await mkdir(join(dir, 'config'));
  const channels = await openChannels(t, join(dir, 'config'), { ...never, fileCheckMs: 5 });
  await channels.join(`file://${path}`, noRoles, unhurried());
  const changed = new Promise<void>((resolve) => void channels.watch(resolve));
  await writeFile(`${path}.new`, channelText('the-lab', [{ nodeId: self }, { nodeId: anna }]));
  await rename(`${path}.new`, path);
  await changed;
  t.deepEqual(members(channels), [anna]);
});

test('everything is kept for a start without a network', async (t) => {
  const server = await ChannelServer.start(t);
  const configDir = await temporaryFolder(t);
  server.put('/lab', (request, response) => {
    const isKnown = request.headers['if-none-match'] === '"1"';
    response.writeHead(isKnown ? 304 : 200, { etag: '"1"' }).end(isKnown ? undefined : channelText('the-lab', [{ nodeId: self }, { nodeId: anna }], ['a:1']));
  });
  server.put('/other', channelText('other', [{ nodeId: ben }]));
  const before = await openChannels(t, configDir);
  await before.join(server.url('/lab'), { relay: true, public: false }, unhurried());
  await before.join(server.url('/other'), noRoles, unhurried());
  const kept = before.list();
  await before.close();
  await fails(t, before.join(server.url('/lab'), noRoles, unhurried()), 'daemon-stopping', /stopping/);
  for (const name of ['channels.json', ...(await readdir(join(configDir, 'channels'))).map((file) => `channels/${file}`)])
    t.is((await stat(join(configDir, name))).mode & 0o777, 0o600, name);

  const answered = server.requested();
  const after = await openChannels(t, configDir);
  t.deepEqual(after.list(), kept, 'before anything was read');
  t.deepEqual(members(after), [anna]);
  t.deepEqual(after.bootstrapAddresses(), ['a:1']);
  await answered;
  await until('what did not change is not sent', () => (after.list()[0]?.readAtMs ?? 0) > (kept[0]?.readAtMs ?? 0));
  t.is(server.requests.filter(({ headers }) => headers['if-none-match'] === '"1"').length, 1);
  await after.leave('other');
  await after.close();
  const third = await openChannels(t, configDir);
  t.deepEqual(
    third.list().map(({ label }) => label),
    ['the-lab'],
  );
  t.is((await readdir(join(configDir, 'channels'))).length, 1);
});

test('a copy that is lost or damaged comes again', async (t) => {
  const server = await ChannelServer.start(t);
  const configDir = await temporaryFolder(t);
  server.put('/lab', channelText('the-lab', [{ nodeId: self }]));
  const before = await openChannels(t, configDir);
  await before.join(server.url('/lab'), noRoles, unhurried());
  await before.close();
  const [copy = ''] = await readdir(join(configDir, 'channels'));
  await writeFile(join(configDir, 'channels', copy), '{"format":1');
  await writeFile(join(configDir, 'channels', 'left-over.tmp'), '');
  const after = await openChannels(t, configDir);
  t.like(after.list()[0], { address: server.url('/lab'), label: '', readAtMs: undefined });
  await until('the channel again', () => after.list()[0]?.label === 'the-lab');
  await after.close();
  t.deepEqual(await readdir(join(configDir, 'channels')), [copy]);
  t.true((await readFile(join(configDir, 'channels', copy), 'utf8')).includes('the-lab'));
});

test('a list of channels that is damaged stops the start, and nothing is lost', async (t) => {
  const configDir = await temporaryFolder(t);
  for (const content of ['{', '[]', '{"channels":[{"address":"lab.yaml"}]}', '{"channels":[{}]}', '{"channels":[null]}']) {
    await writeFile(join(configDir, 'channels.json'), content);
    await fails(t, openChannels(t, configDir), 'content-corrupt', /channels\.json does not hold the list/);
    t.is(await readFile(join(configDir, 'channels.json'), 'utf8'), content);
  }
});

test('a list that cannot be written changes nothing', async (t) => {
  const server = await ChannelServer.start(t);
  const configDir = await temporaryFolder(t);
  server.put('/lab', channelText('the-lab', [{ nodeId: self }, { nodeId: anna }]));
  const channels = await openChannels(t, configDir);
  await channels.join(server.url('/lab'), noRoles, unhurried());
  await rename(configDir, `${configDir}.away`);
  t.teardown(() => chmod(configDir, 0o700).catch(() => undefined));
  await fails(t, channels.leave('the-lab'), 'path-not-permitted', /channels\.json cannot be read or written/);
  t.deepEqual(members(channels), [anna]);
  await rename(`${configDir}.away`, configDir);
  await channels.leave('the-lab');
  t.deepEqual(members(channels), []);
});

test('joins at once all count, also those of one channel', async (t) => {
  const server = await ChannelServer.start(t);
  const configDir = await temporaryFolder(t);
  const paths = Array.from({ length: 8 }, (_, index) => `/${String(index % 6)}`);
  for (const path of paths) server.put(path, channelText(`label${path.slice(1)}`, [{ nodeId: self }]));
  const channels = await openChannels(t, configDir);
  await Promise.all(paths.map((path) => channels.join(server.url(path), noRoles, unhurried())));
  t.is(channels.list().length, 6);
  await channels.close();
  t.is((await openChannels(t, configDir)).list().length, 6);
});

test('problems are logged once, without what may be secret in the address', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/lab?token=secret', channelText('the-lab', [{ nodeId: self }]));
  const events: string[] = [];
  const log = {
    ...silent,
    warn: (fields: object, message: string) => events.push(JSON.stringify(fields) + message),
    info: (_: object, message: string) => events.push(message),
  };
  const channels = await openChannels(t, await temporaryFolder(t), never, log);
  await channels.join(server.url('/lab?token=secret'), noRoles, unhurried());
  server.put('/lab?token=secret', 'x');
  await channels.refreshNow();
  await channels.refreshNow();
  server.put('/lab?token=secret', channelText('the-lab', [{ nodeId: self }]));
  await channels.refreshNow();
  t.is(events.length, 2);
  t.regex(events[0] ?? '', /\/lab\?… is not a channel.*goes on to count/);
  t.notRegex(events.join('\n'), /secret/);
  t.regex(events[1] ?? '', /can be read again/);
});

test('no more channels are joined than allowed', async (t) => {
  const configDir = await temporaryFolder(t);
  const joined = Array.from({ length: limits.maxJoinedChannels }, (_, index) => ({ address: join(configDir, `${String(index)}.yaml`) }));
  await writeFile(join(configDir, 'channels.json'), JSON.stringify({ channels: joined }));
  const channels = await openChannels(t, configDir);
  await fails(t, channels.join('/one-more.yaml', noRoles, unhurried()), 'too-busy', /1000 channels/);
});

test('closing ends a reading that waits', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/lab', channelText('the-lab', [{ nodeId: self }]));
  const channels = await openChannels(t, await temporaryFolder(t));
  await channels.join(server.url('/lab'), noRoles, unhurried());
  server.put('/lab', () => undefined);
  const requested = server.requested();
  const reading = channels.refreshNow();
  await requested;
  await channels.close();
  await channels.close();
  await reading;
  t.is(channels.list()[0]?.problem, '');
});
