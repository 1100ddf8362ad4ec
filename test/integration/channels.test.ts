import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';
import test from 'ava';

import { connect } from '../../src/client/index.js';
import { fails } from '../contract/client-contract.js';
import { until } from '../fault/until.js';
import { ChannelServer } from '../support/channel-server.js';
import { channelText, madeUpNodeId } from '../support/channel-text.js';
import { startTestDaemon } from '../support/daemon.js';
import { bearer, callOnce, connectRpc, errorOf } from '../support/rpc-clients.js';
import { connectSdk } from '../support/sdk-client.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const [anna, ben] = [madeUpNodeId(2), madeUpNodeId(3)];

const firstPage = { pageSize: 0, pageToken: '' };

test.serial('a channel is joined, told with its nodes, and left', async (t) => {
  const server = await ChannelServer.start(t);
  const daemon = await startTestDaemon(t);
  const { channels } = await connectSdk(t, daemon);
  server.put(
    '/lab',
    channelText('the-lab', [
      { nodeId: daemon.nodeId, roles: ['isMessageProxy'] },
      { nodeId: ben, label: 'Ben' },
      { nodeId: anna, label: 'Anna' },
    ]),
  );
  t.deepEqual(await channels.list(), []);
  const joined = await channels.join(server.url('/lab'), { relay: true });
  const { readAt, ...facts } = joined;
  t.deepEqual(facts, {
    address: server.url('/lab'),
    label: 'the-lab',
    isAuthorized: true,
    roles: { relay: true, public: false },
    grantedRoles: { relay: true, public: false },
    authorizedNodes: 3,
    connectedNodes: 0,
    problem: '',
    advice: '',
  });
  t.true(Math.abs((readAt?.getTime() ?? 0) - Date.now()) < 600_000);
  t.deepEqual(await channels.list(), [joined]);
  const peers = await channels.peers();
  t.deepEqual(
    peers.map(({ label, nodeId }) => [label, nodeId]),
    [
      ['Anna', anna],
      ['Ben', ben],
    ],
  );
  t.deepEqual({ ...peers[0], lastError: '' } as unknown, {
    nodeId: anna,
    label: 'Anna',
    channels: [server.url('/lab')],
    isConnected: false,
    link: undefined,
    remoteAddress: '',
    roundTripMs: undefined,
    receivedBytesPerSecond: 0,
    sentBytesPerSecond: 0,
    receivedBytes: 0,
    sentBytes: 0,
    connectedAt: undefined,
    lastError: '',
    clockOffsetMs: undefined,
    version: '',
    reachedAddresses: [],
    unreachedAddresses: [],
  });
  await channels.leave('the-lab');
  t.deepEqual([await channels.list(), await channels.peers()], [[], []]);
  await fails(t, channels.leave(server.url('/lab')), 'channel-not-joined');
});

test.serial('a node that is not listed is told what to send to whom', async (t) => {
  const server = await ChannelServer.start(t);
  const daemon = await startTestDaemon(t, { arguments: ['--label', 'Anna: "laptop"'] });
  const { channels } = await connectSdk(t, daemon);
  server.put('/lab', channelText('the-lab', [{ nodeId: ben, label: 'Ben', roles: ['isAdmin'] }]));
  const joined = await channels.join(server.url('/lab'), { public: true });
  t.like(joined, { isAuthorized: false, grantedRoles: { relay: false, public: false } });
  const lines = [
    'Send this to the owner of the channel the-lab (Ben), for this node is not listed in it yet. In the file, below "authorizedNodes:", add:',
    `  - nodeId: "${daemon.nodeId}"`,
    '    nodeLabel: "Anna: \\"laptop\\""',
    '    isPublic: true',
  ];
  t.deepEqual(joined.advice.split('\n'), lines);
  server.put('/lab', `${channelText('the-lab', [{ nodeId: ben }])}${lines.slice(1).join('\n')}\n`);
  t.like(await channels.join(server.url('/lab'), { public: true }), { isAuthorized: true, grantedRoles: { public: true }, advice: '' });
  t.regex((await channels.join(server.url('/lab'), { relay: true })).advice, /does not grant this node the role relay.*isMessageProxy: true/s);
});

test.serial('what cannot be joined is refused with its reason', async (t) => {
  const server = await ChannelServer.start(t);
  const { channels } = await connectSdk(t, await startTestDaemon(t));
  server.put('/bad', 'channelLabel: x y\n');
  const invalid = await t.throwsAsync(channels.join(server.url('/bad')), { message: /line 1, column 15/ });
  t.like(invalid, { reason: 'channel-invalid', details: { channel: server.url('/bad'), line: '1' } });
  await fails(t, channels.join(server.url('/absent')), 'channel-unavailable');
  await fails(t, channels.join('lab.yaml'), 'invalid-argument');
  server.put('/silent', () => undefined);
  const controller = new AbortController();
  const joining = channels.join(server.url('/silent'), { signal: controller.signal });
  await server.requested();
  controller.abort();
  await fails(t, joining, 'cancelled');
});

test.serial('only the owner changes what is joined, only clients see it', async (t) => {
  const { address, clientToken, ownerToken } = await startTestDaemon(t);
  const { channels } = connectRpc(t, address);
  const join = { address: '/absent.yaml', roles: undefined };
  const codeOf = async (call: Promise<unknown>): Promise<status> => (await errorOf(call)).code;
  t.is(await codeOf(callOnce(channels, 'joinChannel', join, bearer(clientToken))), status.PERMISSION_DENIED);
  t.is(await codeOf(callOnce(channels, 'leaveChannel', { address: 'x' }, bearer(clientToken))), status.PERMISSION_DENIED);
  t.is(await codeOf(callOnce(channels, 'joinChannel', join, bearer(ownerToken))), status.UNAVAILABLE);
  t.is(await codeOf(callOnce(channels, 'leaveChannel', { address: 'x' }, bearer(ownerToken))), status.NOT_FOUND);
  t.is(await codeOf(callOnce(channels, 'listChannels', firstPage, bearer('x'))), status.UNAUTHENTICATED);
  t.is(await codeOf(callOnce(channels, 'listPeers', firstPage, bearer('x'))), status.UNAUTHENTICATED);
  t.deepEqual(await callOnce(channels, 'listChannels', firstPage, bearer(clientToken)), { channels: [], nextPageToken: '' });
});

test.serial('nodes and channels come in pages, and the SDK tells all of them', async (t) => {
  const server = await ChannelServer.start(t);
  const daemon = await startTestDaemon(t);
  const sdk = (await connectSdk(t, daemon)).channels;
  const ids = Array.from({ length: 2_500 }, (_, index) => madeUpNodeId(index + 1));
  server.put('/large', channelText('large-channel', [{ nodeId: daemon.nodeId }, ...ids.map((nodeId) => ({ nodeId, label: `name of ${nodeId.slice(-4)}` }))]));
  server.put('/small', channelText('small-channel', [{ nodeId: daemon.nodeId }]));
  for (const name of ['/large', '/small']) await sdk.join(server.url(name));
  t.deepEqual((await sdk.peers()).map(({ nodeId }) => nodeId).sort(), ids);
  t.is((await sdk.list()).length, 2);
  const { channels } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const told: string[] = [];
  const sizes: number[] = [];
  let pageToken = '';
  do {
    const page = await callOnce(channels, 'listPeers', { pageSize: 999, pageToken }, token);
    told.push(...page.peers.map(({ nodeId }) => nodeId));
    sizes.push(page.peers.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  t.deepEqual(told, ids);
  t.deepEqual(sizes, [999, 999, 502]);
  const first = await callOnce(channels, 'listChannels', { pageSize: 1, pageToken: '' }, token);
  t.deepEqual(
    first.channels.map(({ address }) => address),
    [server.url('/large')],
  );
  const second = await callOnce(channels, 'listChannels', { pageSize: 1, pageToken: first.nextPageToken }, token);
  t.deepEqual(
    second.channels.map(({ address }) => address),
    [server.url('/small')],
  );
  t.is(second.nextPageToken, '');
  t.is((await errorOf(callOnce(channels, 'listPeers', { pageSize: 1, pageToken: 'x' }, token))).code, status.INVALID_ARGUMENT);
});

test.serial('a channel that was joined stays joined when the daemon is killed, and is known without a network', async (t) => {
  const server = await ChannelServer.start(t);
  const first = await startTestDaemon(t);
  server.put('/lab', channelText('the-lab', [{ nodeId: first.nodeId, roles: ['isPublic'] }, { nodeId: anna }]));
  const joined = await (await connectSdk(t, first)).channels.join(server.url('/lab'), { public: true });
  first.kill('SIGKILL');
  await first.ended;
  const { storageDir, configDir } = first;
  t.is((await stat(join(configDir, 'channels.json'))).mode & 0o777, 0o600);
  server.put('/lab', (_request, response) => {
    response.writeHead(503).end();
  });
  const second = await startTestDaemon(t, { storageDir, configDir });
  const { channels } = await connectSdk(t, second);
  const [kept] = await channels.list();
  t.deepEqual({ ...kept, problem: '' }, joined);
  t.is((await channels.peers()).length, 1);
  t.regex((await until('the problem', async () => (await channels.list()).find(({ problem }) => problem !== ''))).problem, /status 503/);
  await channels.leave('the-lab');
  second.kill('SIGKILL');
  await second.ended;
  const third = await startTestDaemon(t, { storageDir, configDir });
  t.deepEqual(await (await connectSdk(t, third)).channels.list(), []);
  t.deepEqual(await readdir(join(configDir, 'channels')), []);
});

test.serial('a change of a file on the machine of the daemon takes effect by itself', async (t) => {
  const daemon = await startTestDaemon(t);
  const { channels } = await connectSdk(t, daemon);
  const path = join(await temporaryFolder(t), 'lab.yaml');
  await writeFile(path, channelText('the-lab', [{ nodeId: daemon.nodeId }]));
  await channels.join(path);
  await writeFile(path, channelText('the-lab', [{ nodeId: daemon.nodeId }, { nodeId: anna }]));
  await until('the new node', async () => (await channels.peers()).length === 1);
  await writeFile(path, 'channelLabel: the-lab\nauthorizedNodes:\n\t- x\n');
  await until('the problem', async () => (await channels.list())[0]?.problem.includes('line 3, column 1'));
  t.is((await channels.peers()).length, 1);
});

test.serial('a list of channels that is damaged stops the start', async (t) => {
  const configDir = await temporaryFolder(t);
  await mkdir(configDir, { recursive: true });
  await writeFile(join(configDir, 'channels.json'), '{');
  await t.throwsAsync(startTestDaemon(t, { configDir }), { message: /channels\.json does not hold the list of joined channels/ });
  t.is(await readFile(join(configDir, 'channels.json'), 'utf8'), '{');
});

test.serial('proxies of the environment are used', async (t) => {
  const proxy = await ChannelServer.start(t);
  const daemon = await startTestDaemon(t, { environment: { http_proxy: `127.0.0.1:${String(proxy.port)}` } });
  proxy.put('http://channels.example/lab', channelText('the-lab', []));
  const { channels } = await connectSdk(t, daemon);
  t.is((await channels.join('http://channels.example/lab')).label, 'the-lab');
});

test.serial('offline there are no channels', async (t) => {
  const client = await connect({ offlineStorageDir: await temporaryFolder(t) });
  t.teardown(() => client.close());
  const calls = [client.channels.join('https://example.org'), client.channels.leave('x'), client.channels.list(), client.channels.peers()];
  for (const call of calls) await fails(t, call, 'offline');
});
