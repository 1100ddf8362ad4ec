import { Metadata, status } from '@grpc/grpc-js';
import test from 'ava';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FeedServiceService } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { FileServiceService } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { MutableServiceService } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { NodeServiceService } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { failTestDaemon, startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { allOf, bearer, callOnce, connectRpc, dataRequest, errorOf, headerRequest, type RpcClients, upload } from '../support/rpc-clients.js';
import { temporaryFolder } from '../support/temporary-storage.js';

type MethodName = keyof FileServiceService | keyof FeedServiceService | keyof MutableServiceService | keyof NodeServiceService;

/** A call of each method, with content that is right; none of them does harm. */
function callsOf({ files, node, feeds, mutables }: RpcClients): Record<MethodName, (metadata: Metadata) => Promise<unknown>> {
  const uri = `sha1://${'0'.repeat(40)}`;
  const feedId = '0'.repeat(64);
  const subfeed = { feedId, subfeed: { $case: 'nameJson', value: '"main"' } } as const;
  const append = { subfeed, messages: [Buffer.from('x')], expectedLength: undefined, requestId: undefined };
  const keyJson = '"nothing"';
  return {
    statFile: (metadata) => callOnce(files, 'statFile', { uri }, metadata),
    findMissingFiles: (metadata) => callOnce(files, 'findMissingFiles', { sha1s: [] }, metadata),
    storeFile: (metadata) => upload(files, metadata, [headerRequest(), dataRequest(Buffer.from('x'))]),
    getUpload: (metadata) => callOnce(files, 'getUpload', { uploadId: 'x'.repeat(16) }, metadata),
    abortUpload: (metadata) => callOnce(files, 'abortUpload', { uploadId: 'x'.repeat(16) }, metadata),
    storeLocalFile: (metadata) => callOnce(files, 'storeLocalFile', { path: '/nowhere', label: undefined }, metadata),
    linkFile: (metadata) => callOnce(files, 'linkFile', { path: '/nowhere', label: undefined }, metadata),
    loadFile: (metadata) => allOf(files.loadFile({ uri, sources: undefined }, metadata)),
    readFile: (metadata) => allOf(files.readFile({ uri, offset: 0n, length: 0n, sources: undefined }, metadata)),
    storeFiles: (metadata) => callOnce(files, 'storeFiles', { files: [] }, metadata),
    readFiles: (metadata) => allOf(files.readFiles({ uris: [] }, metadata)),
    findFile: (metadata) => allOf(files.findFile({ uri, sources: undefined }, metadata)),
    listFiles: (metadata) => callOnce(files, 'listFiles', { pageSize: 0, pageToken: '' }, metadata),
    deleteFile: (metadata) => callOnce(files, 'deleteFile', { uri }, metadata),
    verifyFiles: (metadata) => allOf(files.verifyFiles({ uris: [uri], quarantine: false }, metadata)),
    createFeed: (metadata) => callOnce(feeds, 'createFeed', { name: undefined }, metadata),
    getFeed: (metadata) => callOnce(feeds, 'getFeed', { feed: { $case: 'feedId', value: feedId } }, metadata),
    listFeeds: (metadata) => callOnce(feeds, 'listFeeds', { pageSize: 0, pageToken: '' }, metadata),
    deleteFeed: (metadata) => callOnce(feeds, 'deleteFeed', { feedId }, metadata),
    getSubfeed: (metadata) => callOnce(feeds, 'getSubfeed', { subfeed }, metadata),
    listSubfeeds: (metadata) => callOnce(feeds, 'listSubfeeds', { feedId, pageSize: 0, pageToken: '' }, metadata),
    appendMessages: (metadata) => callOnce(feeds, 'appendMessages', append, metadata),
    submitMessages: (metadata) => callOnce(feeds, 'submitMessages', append, metadata),
    readMessages: (metadata) => allOf(feeds.readMessages({ subfeed, position: 0n, maxMessages: 0n, maxBytes: 0n, withProofs: false }, metadata)),
    watchMessages: (metadata) => allOf(feeds.watchMessages({ subfeeds: [{ subfeed, position: 0n }], withProofs: false }, metadata)),
    getAccessRules: (metadata) => callOnce(feeds, 'getAccessRules', { subfeed }, metadata),
    setAccessRules: (metadata) => callOnce(feeds, 'setAccessRules', { subfeed, rules: [] }, metadata),
    getMutable: (metadata) => callOnce(mutables, 'getMutable', { keyJson }, metadata),
    setMutable: (metadata) => callOnce(mutables, 'setMutable', { keyJson: '"something"', valueJson: '1', expectation: undefined }, metadata),
    deleteMutable: (metadata) => callOnce(mutables, 'deleteMutable', { keyJson, expectation: undefined }, metadata),
    listMutables: (metadata) => callOnce(mutables, 'listMutables', { keyJsonPrefix: '', pageSize: 0, pageToken: '' }, metadata),
    // Another prefix would be watched for ever.
    watchMutables: (metadata) => allOf(mutables.watchMutables({ keyJsonPrefix: 'x'.repeat(5_000), withExisting: false }, metadata)),
    getNode: (metadata) => callOnce(node, 'getNode', {}, metadata),
    getStorageUsage: (metadata) => callOnce(node, 'getStorageUsage', {}, metadata),
    watchTransfers: (metadata) => allOf(node.watchTransfers({}, metadata)),
    stopDaemon: (metadata) => callOnce(node, 'stopDaemon', {}, metadata),
  };
}

const services = [FileServiceService, FeedServiceService, MutableServiceService, NodeServiceService];
const methods = services.flatMap((service) => Object.keys(service)) as MethodName[];
const ownerMethods = new Set(['storeLocalFile', 'linkFile', 'deleteFile', 'verifyFiles', 'deleteFeed', 'setAccessRules', 'watchTransfers', 'stopDaemon']);
/** How calls fail whose caller was let in. */
const admitted = ['file-not-found', 'upload-not-found', 'feed-not-found', 'mutable-not-found'];

function isAdmitted(name: MethodName, reason: string | undefined): boolean {
  return reason === undefined || admitted.includes(reason) || (name === 'watchMutables' && reason === 'invalid-argument');
}

async function refusals(t: Parameters<typeof connectRpc>[0], daemon: TestDaemon, metadata: Metadata, names: readonly MethodName[]) {
  const calls = callsOf(connectRpc(t, daemon.address));
  return Promise.all(names.map(async (name) => [name, await errorOf(calls[name](metadata))] as const));
}

test.serial('every method but GetNode needs a token, and says how to get one', async (t) => {
  const daemon = await startTestDaemon(t);
  for (const [name, error] of await refusals(
    t,
    daemon,
    new Metadata(),
    methods.filter((method) => method !== 'getNode'),
  )) {
    t.is(error.code, status.UNAUTHENTICATED, name);
    t.is(failureFromServiceError(error).reason, 'token-missing', name);
    t.true(error.details.includes(`${daemon.storageDir}/client-auth`), name);
  }
  t.is((await callOnce(connectRpc(t, daemon.address).node, 'getNode', {})).nodeId, daemon.nodeId);
});

test.serial('a token that is not the daemon’s is refused, whatever it looks like', async (t) => {
  const daemon = await startTestDaemon(t);
  const { clientToken: token } = daemon;
  const values = [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, 'Bearer', token, `Basic ${token}`, `Bearer ${token} ${token}`, `Bearer ${token},${token}`];
  for (const value of values) {
    const metadata = new Metadata();
    metadata.set('authorization', value);
    for (const [name, error] of await refusals(t, daemon, metadata, ['statFile', 'storeFile', 'readFile', 'stopDaemon'])) {
      t.is(error.code, status.UNAUTHENTICATED, `${name} ${value}`);
      t.is(failureFromServiceError(error).reason, 'token-invalid', `${name} ${value}`);
    }
  }
});

test.serial('the client token opens what is for clients, and nothing that is the owner’s', async (t) => {
  const daemon = await startTestDaemon(t);
  const calls = callsOf(connectRpc(t, daemon.address));
  const token = bearer(daemon.clientToken);
  for (const name of methods) {
    const failure = await calls[name](token).then(() => undefined, failureFromServiceError);
    if (ownerMethods.has(name)) t.is(failure?.reason, 'owner-only', name);
    else t.true(isAdmitted(name, failure?.reason), `${name}: ${String(failure?.message)}`);
  }
});

test.serial('the owner token opens everything', async (t) => {
  const daemon = await startTestDaemon(t);
  const calls = callsOf(connectRpc(t, daemon.address));
  const token = bearer(daemon.ownerToken);
  for (const name of methods.filter((method) => method !== 'watchTransfers' && method !== 'stopDaemon')) {
    const failure = await calls[name](token).then(() => undefined, failureFromServiceError);
    t.true(failure?.reason === 'path-not-found' || isAdmitted(name, failure?.reason), `${name}: ${String(failure?.message)}`);
  }
  t.like(await calls.stopDaemon(token), { processId: daemon.pid });
  t.deepEqual(await daemon.ended, { code: 0, signal: null });
});

test.serial('tokens are made once, with rights as they should be, and kept; neither they nor content are logged', async (t) => {
  const daemon = await startTestDaemon(t, { arguments: ['--log-level', 'trace'] });
  const { storageDir, configDir } = daemon;
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  t.is(await mode(join(storageDir, 'client-auth')), 0o640);
  t.is(await mode(join(configDir, 'owner-token')), 0o600);
  t.is(await mode(join(configDir, 'node-key.pem')), 0o600);
  t.is(await mode(join(configDir, 'daemon.json')), 0o600);
  t.is(await mode(configDir), 0o700);
  t.not(daemon.clientToken, daemon.ownerToken);

  const { files } = connectRpc(t, daemon.address);
  await upload(files, bearer(daemon.clientToken), [headerRequest(), dataRequest(Buffer.from('very secret content'))]);
  await errorOf(callOnce(files, 'statFile', { uri: 'sha1://x' }, bearer(daemon.ownerToken)));
  await daemon.stop();
  const log = daemon.stderrLines.join('\n');
  t.regex(log, /"method":"\/kachery_p2p.v1.FileService\/StoreFile","code":"OK","durationMs":[\d.]+,"receivedBytes":19/);
  t.regex(log, /"method":"\/kachery_p2p.v1.FileService\/StatFile","code":"INVALID_ARGUMENT".*"reason":"invalid-uri"/);
  for (const secret of [daemon.clientToken, daemon.ownerToken, 'very secret', (await readFile(join(configDir, 'node-key.pem'), 'utf8')).split('\n')[1]]) {
    t.false(log.includes(secret!));
  }

  const again = await startTestDaemon(t, { storageDir, configDir });
  t.is(again.clientToken, daemon.clientToken);
  t.is(again.ownerToken, daemon.ownerToken);
  t.is(again.nodeId, daemon.nodeId);
});

test.serial('secrets that others can read are refused with what to do', async (t) => {
  const daemon = await startTestDaemon(t);
  await daemon.stop();
  const { storageDir, configDir } = daemon;
  for (const [path, rights] of [
    [join(configDir, 'owner-token'), 0o600],
    [join(configDir, 'node-key.pem'), 0o600],
    [join(storageDir, 'client-auth'), 0o640],
  ] as const) {
    await chmod(path, 0o644);
    const { code, stderr } = await failTestDaemon(t, { storageDir, configDir });
    t.is(code, 5);
    t.true(stderr.includes(`chmod ${rights.toString(8)} ${path}`), stderr);
    await chmod(path, rights);
  }
  await writeFile(join(storageDir, 'client-auth'), 'a b');
  t.regex((await failTestDaemon(t, { storageDir, configDir })).stderr, /client-auth does not hold a token/);
});

test.serial('the client token can be given to a group', async (t) => {
  const storageDir = await temporaryFolder(t);
  const groups = process.getgroups?.() ?? [];
  const group = groups.find((id) => id !== process.getgid?.()) ?? groups[0] ?? 0;
  await startTestDaemon(t, { storageDir, arguments: ['--auth-group', String(group)] });
  const { gid, mode } = await stat(join(storageDir, 'client-auth'));
  t.is(gid, group);
  t.is(mode & 0o777, 0o640);
  const failed = await failTestDaemon(t, { arguments: ['--auth-group', 'no-such-group-here'] });
  t.is(failed.code, 2);
  t.regex(failed.stderr, /There is no group/);
});
