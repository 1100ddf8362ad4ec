import { once } from 'node:events';
import { stat } from 'node:fs/promises';

import { type ServiceError, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { type WatchMessagesResponse } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { emptyChain } from '../../src/core/entry-chain.js';
import { type FeedId } from '../../src/core/feed-id.js';
import { subfeedOfName } from '../../src/core/subfeed.js';
import { verifyEntries } from '../../src/core/verify-entries.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { FeedCalls, subfeedKey, textsOf } from '../support/feed-calls.js';
import { bearer, callOnce, connectRpc, errorOf } from '../support/rpc-clients.js';

function feedCalls(t: ExecutionContext, daemon: TestDaemon): { calls: FeedCalls; owner: FeedCalls } {
  const { feeds } = connectRpc(t, daemon.address);
  return { calls: new FeedCalls(feeds, bearer(daemon.clientToken)), owner: new FeedCalls(feeds, bearer(daemon.ownerToken)) };
}

const failureOf = async (call: Promise<unknown>) => {
  const error = await errorOf(call);
  return { reason: failureFromServiceError(error).reason, code: error.code };
};

test.serial('a feed is made, appended to, listed and read, and is there after a restart', async (t) => {
  const daemon = await startTestDaemon(t);
  const { calls } = feedCalls(t, daemon);
  const feedId = await calls.create('samples');
  t.is(await calls.append(feedId, 'main', ['a', '', 'c']), 0);
  t.is(await calls.append(feedId, { kind: 1 }, [Buffer.from([0, 255])]), 0);
  t.is(await calls.append(feedId, 'main', ['d'], { expectedLength: 3n }), 3);
  await daemon.stop();

  const { storageDir, configDir } = daemon;
  const { calls: again } = feedCalls(t, await startTestDaemon(t, { storageDir, configDir }));
  t.deepEqual(await again.texts(feedId, 'main'), ['a', '', 'c', 'd']);
  const [batch] = await again.read(feedId, { kind: 1 });
  t.deepEqual(batch?.messages, [Buffer.from([0, 255])]);
  const { feed } = await callOnce(again.client, 'getFeed', { feed: { $case: 'name', value: 'samples' } }, again.token);
  t.like(feed, { feedId, name: 'samples', isWriteable: true });
  const { subfeeds } = await callOnce(again.client, 'listSubfeeds', { feedId, pageSize: 0, pageToken: '' }, again.token);
  t.deepEqual(
    subfeeds.map(({ hash, nameJson, length }) => ({ hash, nameJson, length })).sort((a, b) => Number(a.length - b.length)),
    [
      { hash: subfeedOfName({ kind: 1 }).hash, nameJson: '{"kind":1}', length: 1n },
      { hash: subfeedOfName('main').hash, nameJson: '"main"', length: 4n },
    ],
  );
});

test.serial('what is read with proofs is verified with nothing but the id of the feed', async (t) => {
  const { calls } = feedCalls(t, await startTestDaemon(t));
  const feedId = (await calls.create()) as FeedId;
  for (const messages of [['a', 'b'], ['c'], ['d', 'e', 'f']]) await calls.append(feedId, 'main', messages);
  const subfeed = { feedId, subfeedHash: subfeedOfName('main').hash };
  for (const [position, wanted] of [
    [0, 'abcdef'],
    [4, 'ef'],
  ] as const) {
    const batches = await calls.read(feedId, 'main', { position: BigInt(position), withProofs: true });
    t.is(textsOf(batches).join(''), wanted);
    const [first, last] = [batches[0]?.proof, batches.at(-1)?.proof];
    if (!first || !last) return t.fail('There are no proofs.');
    const start = position === 0 ? emptyChain : { length: position, lastHash: first.previousHash };
    const head = { subfeed, length: 6, lastHash: last.lastHash, signature: last.signature };
    const entries = batches.map(({ position: at, appendedAt, messages }) => ({
      position: Number(at),
      timestampMs: Number(appendedAt?.seconds ?? 0n) * 1000 + (appendedAt?.nanos ?? 0) / 1_000_000,
      submitter: undefined,
      messages,
    }));
    t.notThrows(() => {
      verifyEntries(start, entries, head);
    });
  }
});

test.serial('a subfeed is told of before it has messages, too', async (t) => {
  const { calls } = feedCalls(t, await startTestDaemon(t));
  const feedId = await calls.create();
  const subfeed = subfeedKey(feedId, { kind: 1 });
  const { hash } = subfeedOfName({ kind: 1 });
  const told = async () => (await callOnce(calls.client, 'getSubfeed', { subfeed }, calls.token)).subfeed;
  t.deepEqual(await told(), { hash, nameJson: undefined, length: 0n, appendedAt: undefined, fork: [] });
  await calls.append(feedId, { kind: 1 }, ['a', 'b']);
  t.like(await told(), { hash, nameJson: '{"kind":1}', length: 2n });
  t.is((await failureOf(callOnce(calls.client, 'getSubfeed', { subfeed: subfeedKey('0'.repeat(64), 'main') }, calls.token))).reason, 'feed-not-found');
});

test.serial('failures say why', async (t) => {
  const daemon = await startTestDaemon(t);
  const { calls, owner } = feedCalls(t, daemon);
  const feedId = await calls.create('samples');
  await calls.append(feedId, 'main', ['a']);
  const unknown = 'f'.repeat(64);
  const deleted = await calls.create();
  await callOnce(owner.client, 'deleteFeed', { feedId: deleted }, owner.token);
  const large = Buffer.alloc(1024 * 1024 + 1);
  const key = subfeedKey(feedId, 'main');
  const inexact = { $case: 'nameJson' as const, value: '9007199254740993' };
  const submit = (id: string) =>
    callOnce(calls.client, 'submitMessages', { subfeed: subfeedKey(id, 'main'), messages: [Buffer.from('x')], requestId: undefined }, calls.token);
  const rules = (nodeIds: string[]) => ({ subfeed: key, rules: nodeIds.map((nodeId) => ({ nodeId, mayWrite: true })) });
  const cases: [string, status, Promise<unknown>][] = [
    ['already-exists', status.ALREADY_EXISTS, calls.create('samples')],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.create('')],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.create('x'.repeat(1_001))],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.create('line\nbreak')],
    ...[unknown, unknown.toUpperCase(), 'feed://x', 'sha1://x', 'sha1dir://x'].map((name): [string, status, Promise<unknown>] => [
      'invalid-argument',
      status.INVALID_ARGUMENT,
      calls.create(name),
    ]),
    ['feed-not-found', status.NOT_FOUND, calls.append(unknown, 'main', ['x'])],
    ['feed-not-found', status.NOT_FOUND, calls.append(deleted, 'main', ['x'])],
    ['feed-not-found', status.NOT_FOUND, calls.read(unknown, 'main')],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId.toUpperCase(), 'main', ['x'])],
    ['append-conflict', status.ABORTED, calls.append(feedId, 'main', ['x'], { expectedLength: 0n })],
    ['position-beyond-end', status.OUT_OF_RANGE, calls.read(feedId, 'main', { position: 2n })],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.read(feedId, 'main', { position: 2n ** 64n - 1n })],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId, 'main', [])],
    ['too-large', status.INVALID_ARGUMENT, calls.append(feedId, 'main', [large])],
    ['too-large', status.INVALID_ARGUMENT, calls.append(feedId, 'main', Array<string>(10_001).fill(''))],
    ['too-large', status.INVALID_ARGUMENT, calls.append(feedId, 'main', Array<Buffer>(7).fill(large.subarray(1)))],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId, 'main', ['x'], { requestId: 'short' })],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId, 'main', ['x'], { subfeed: undefined })],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId, '\ud800', ['x'])],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId, '', ['x'], { subfeed: { feedId, subfeed: inexact } })],
    ['invalid-argument', status.INVALID_ARGUMENT, callOnce(calls.client, 'getSubfeed', { subfeed: { feedId, subfeed: inexact } }, calls.token)],
    ['invalid-argument', status.INVALID_ARGUMENT, once(calls.watch(feedId, []), 'error').then(([error]) => Promise.reject(error as Error))],
    ['invalid-argument', status.INVALID_ARGUMENT, calls.append(feedId, 'x'.repeat(4_100), ['x'])],
    ['invalid-hash', status.INVALID_ARGUMENT, calls.append(feedId, '', ['x'], { subfeed: { feedId, subfeed: { $case: 'hash', value: 'main' } } })],
    ['submit-not-allowed', status.PERMISSION_DENIED, submit(feedId)],
    ['feed-not-found', status.NOT_FOUND, submit(unknown)],
    ['feed-not-found', status.NOT_FOUND, submit(deleted)],
    ['owner-only', status.PERMISSION_DENIED, callOnce(calls.client, 'deleteFeed', { feedId }, calls.token)],
    ['invalid-argument', status.INVALID_ARGUMENT, callOnce(owner.client, 'setAccessRules', rules(['ab']), owner.token)],
    ['invalid-argument', status.INVALID_ARGUMENT, callOnce(owner.client, 'setAccessRules', rules([unknown, unknown]), owner.token)],
    ['too-large', status.INVALID_ARGUMENT, callOnce(owner.client, 'setAccessRules', rules(Array<string>(1_001).fill(unknown)), owner.token)],
  ];
  for (const [index, [reason, code, call]] of cases.entries()) t.like(await failureOf(call), { reason, code }, String(index));
  t.deepEqual(await calls.texts(feedId, 'main'), ['a']);
});

test.serial('a feed that was deleted here is told from one that was never here', async (t) => {
  const { calls, owner } = feedCalls(t, await startTestDaemon(t));
  const feedId = await calls.create();
  await callOnce(owner.client, 'deleteFeed', { feedId }, owner.token);
  const failure = failureFromServiceError(await errorOf(calls.read(feedId, 'main')));
  t.regex(failure.message, /was deleted on this node/);
  t.deepEqual(Object.keys(failure.details), ['feed_id', 'deleted_at']);
  t.regex((await errorOf(calls.read('f'.repeat(64), 'main'))).details, /^Neither this node nor any/);
});

test.serial('this node submits where the rules name it, and is recorded', async (t) => {
  const daemon = await startTestDaemon(t);
  const { calls, owner } = feedCalls(t, daemon);
  const feedId = await calls.create();
  const subfeed = subfeedKey(feedId, 'main');
  const rules = [{ nodeId: daemon.nodeId, mayWrite: true }];
  await callOnce(owner.client, 'setAccessRules', { subfeed, rules }, owner.token);
  t.deepEqual(await callOnce(calls.client, 'getAccessRules', { subfeed }, calls.token), { rules });
  const submitted = await callOnce(calls.client, 'submitMessages', { subfeed, messages: [Buffer.from('x')], requestId: undefined }, calls.token);
  t.is(submitted.position, 0n);
  await calls.append(feedId, 'main', ['y']);
  t.deepEqual(
    (await calls.read(feedId, 'main')).map(({ submitterNodeId }) => submitterNodeId),
    [daemon.nodeId, ''],
  );
});

test.serial('a request that comes again appends once', async (t) => {
  const { calls } = feedCalls(t, await startTestDaemon(t));
  const feedId = await calls.create();
  const requestId = 'request-0123456789';
  const positions = await Promise.all(Array.from({ length: 10 }, () => calls.append(feedId, 'main', ['x', 'y'], { requestId })));
  t.deepEqual(new Set(positions), new Set([0]));
  t.deepEqual(await calls.texts(feedId, 'main'), ['x', 'y']);
});

test.serial('watchers are pushed to, and hear that the daemon stops', async (t) => {
  const daemon = await startTestDaemon(t);
  const { calls } = feedCalls(t, daemon);
  const feedId = await calls.create();
  await calls.append(feedId, 'a', ['0']);
  const watch = calls.watch(feedId, ['a', 'b']);
  const end = once(watch, 'error') as Promise<[ServiceError]>;
  const seen: string[] = [];
  const next = async (): Promise<void> => {
    const [{ subfeedIndex, batches }] = (await once(watch, 'data')) as [WatchMessagesResponse];
    seen.push(...textsOf(batches).map((text) => `${String(subfeedIndex)}:${text}`));
  };
  await next();
  for (const [name, text] of [
    ['b', 'x'],
    ['a', '1'],
    ['b', 'y'],
  ] as const) {
    const pushed = next();
    await calls.append(feedId, name, [text]);
    await pushed;
  }
  t.deepEqual(seen, ['0:0', '1:x', '0:1', '1:y']);
  void daemon.stop();
  const [error] = await end;
  end.catch(() => undefined);
  t.is(error.code, status.UNAVAILABLE);
  t.is(failureFromServiceError(error).reason, 'daemon-stopping');
  t.deepEqual(await daemon.ended, { code: 0, signal: null });
});

test.serial('a watcher of a feed that is deleted hears of it', async (t) => {
  const daemon = await startTestDaemon(t);
  const { calls, owner } = feedCalls(t, daemon);
  const feedId = await calls.create();
  const watch = calls.watch(feedId, ['main']);
  watch.on('data', () => undefined);
  await once(watch, 'metadata');
  const end = once(watch, 'error') as Promise<[ServiceError]>;
  await callOnce(owner.client, 'deleteFeed', { feedId }, owner.token);
  t.is(failureFromServiceError((await end)[0]).reason, 'feed-not-found');
});

test.serial('no file that the daemon makes for feeds and mutables is for others to read', async (t) => {
  const daemon = await startTestDaemon(t);
  const { calls } = feedCalls(t, daemon);
  await calls.create();
  for (const name of ['feeds', 'feed-keys', 'mutables']) t.is((await stat(`${daemon.configDir}/${name}`)).mode & 0o777, 0o700, name);
});
