import { once } from 'node:events';

import { type ServiceError, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { type MutableExpectation, type WatchMutablesResponse } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { limits } from '../../src/core/limits.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { bearer, callOnce, connectRpc, errorOf } from '../support/rpc-clients.js';

function mutableCalls(t: ExecutionContext, daemon: TestDaemon) {
  const { mutables } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  return {
    get: async (keyJson: string) => (await callOnce(mutables, 'getMutable', { keyJson }, token)).mutable,
    set: async (keyJson: string, valueJson: string, expected?: MutableExpectation['expected']) =>
      (await callOnce(mutables, 'setMutable', { keyJson, valueJson, expectation: expected && { expected } }, token)).mutable,
    remove: (keyJson: string, expected?: MutableExpectation['expected']) =>
      callOnce(mutables, 'deleteMutable', { keyJson, expectation: expected && { expected } }, token),
    list: (keyJsonPrefix: string, pageSize = 0, pageToken = '') => callOnce(mutables, 'listMutables', { keyJsonPrefix, pageSize, pageToken }, token),
    watch: (keyJsonPrefix: string, withExisting: boolean) => mutables.watchMutables({ keyJsonPrefix, withExisting }, token),
  };
}

const reasonOf = async (call: Promise<unknown>): Promise<string> => failureFromServiceError(await errorOf(call)).reason;

test.serial('values of every kind are kept under keys of every kind, also over a restart', async (t) => {
  const daemon = await startTestDaemon(t);
  const { get, set } = mutableCalls(t, daemon);
  const texts = ['null', 'true', 'false', '0', '"0"', '1152921504606847000', '1.5', '[]', '[1,"a"]', '{}', '{"a":{"b":null}}', '"\\ud800"', '"é😀"'];
  for (const text of texts) await set(text, text);
  for (const text of texts) t.is((await get(text))?.valueJson, text, text);
  await set('"digits"', '12345678901234567890');
  t.is((await get('"digits"'))?.valueJson, '12345678901234567890');
  await set('{"b":1,"a":[{"d":1,"c":2}]}', '"same"');
  t.is((await get(' { "a" : [{"c":2,"d":1.0}], "b":1 } '))?.valueJson, '"same"');
  await daemon.stop();
  const { storageDir, configDir } = daemon;
  const again = mutableCalls(t, await startTestDaemon(t, { storageDir, configDir }));
  for (const text of texts) t.is((await again.get(text))?.valueJson, text, text);
  const before = await again.get('null');
  t.true(((await again.set('null', '1'))?.version ?? 0n) > (before?.version ?? 0n));
});

test.serial('a change is made only if what is expected is there', async (t) => {
  const { get, set, remove } = mutableCalls(t, await startTestDaemon(t));
  t.is(await reasonOf(get('"k"')), 'mutable-not-found');
  t.is(await reasonOf(remove('"k"')), 'mutable-not-found');
  t.is(await reasonOf(set('"k"', '1', { $case: 'valueJson', value: '1' })), 'mutable-conflict');
  const tries = await Promise.allSettled(['1', '2', '3'].map((value) => set('"k"', value, { $case: 'absent', value: true })));
  t.deepEqual(tries.map(({ status: outcome }) => outcome).sort(), ['fulfilled', 'rejected', 'rejected']);
  await set('"k"', '{"b":1,"a":2}');
  const second = await set('"k"', '2', { $case: 'valueJson', value: '{"a": 2, "b": 1}' });
  t.is(await reasonOf(set('"k"', '3', { $case: 'version', value: (second?.version ?? 0n) - 1n })), 'mutable-conflict');
  t.is(await reasonOf(remove('"k"', { $case: 'valueJson', value: '"2"' })), 'mutable-conflict');
  await set('"digits"', '9007199254740993');
  t.is(await reasonOf(set('"digits"', '1', { $case: 'valueJson', value: '9007199254740992' })), 'mutable-conflict');
  await remove('"k"', { $case: 'version', value: second?.version ?? 0n });
  t.is(await reasonOf(get('"k"')), 'mutable-not-found');
});

test.serial('what cannot be a key, a value or an expectation is refused', async (t) => {
  const { get, set, list } = mutableCalls(t, await startTestDaemon(t));
  for (const text of ['', 'name', '{', '[1,]', `"${'x'.repeat(4_096)}"`, `"${'é'.repeat(1_000)}"`, '1e999', '9007199254740993', '[{"a":12345678901234567890}]'])
    t.is(await reasonOf(get(text)), 'invalid-argument', text);
  for (const text of ['', 'NaN', `"${'x'.repeat(1024 * 1024)}"`]) t.is(await reasonOf(set('"k"', text)), 'invalid-argument', text.slice(0, 10));
  t.is(await reasonOf(set('"k"', '1', { $case: 'absent', value: false })), 'invalid-argument');
  t.is(await reasonOf(set('"k"', '1', { $case: 'valueJson', value: '[9007199254740993]' })), 'invalid-argument');
  t.regex((await errorOf(list('"caf\u00e9 \u{1f600}'))).details, /Write \\u00e9 for "\u00e9"/);
  t.is(await reasonOf(list('"\u007f')), 'invalid-argument');
  t.is(await reasonOf(list('', 0, 'nonsense')), 'invalid-argument');
  t.is(await reasonOf(list('', 10_001)), 'invalid-argument');
});

test.serial('keys are listed by prefix, page by page, in their order', async (t) => {
  const { set, list } = mutableCalls(t, await startTestDaemon(t));
  const keys = ['"job"', '"job-1"', '"job-2"', '"k"', '["job",1]', '["job",2]', '{"job":1}'];
  for (const key of keys.toReversed()) await set(key, '1');
  const all = async (prefix: string, pageSize: number): Promise<string[]> => {
    const found: string[] = [];
    for (let token = '', isFirst = true; isFirst || token !== ''; isFirst = false) {
      const page = await list(prefix, pageSize, token);
      found.push(...page.mutables.map(({ keyJson }) => keyJson));
      token = page.nextPageToken;
    }
    return found;
  };
  for (const size of [0, 1, 2, 7]) t.deepEqual(await all('', size), keys, String(size));
  t.deepEqual(await all('"job', 2), keys.slice(0, 3));
  t.deepEqual(await all('["job",', 2), keys.slice(4, 6));
  t.deepEqual(await all('nothing', 2), []);
  t.deepEqual(await all('"job\\u00e9', 2), []);
  const large = JSON.stringify('x'.repeat(1_000_000));
  for (const key of keys) await set(key, large);
  t.deepEqual(await all('', 0), keys);
});

test.serial('a page has fewer keys where they are long', async (t) => {
  const { set, list } = mutableCalls(t, await startTestDaemon(t));
  const keys = Array.from({ length: 600 }, (_, number) => JSON.stringify(String(number).padStart(4_000, 'k')));
  await Promise.all(keys.map((key) => set(key, '1')));
  const { mutables, nextPageToken } = await list('', 10_000);
  t.true(mutables.reduce((sum, { keyJson }) => sum + keyJson.length, 0) <= limits.maxPageBytes);
  t.is(mutables.length + (await list('', 10_000, nextPageToken)).mutables.length, keys.length);
});

test.serial('watchers hear of what is there, of changes, and that the daemon stops', async (t) => {
  const daemon = await startTestDaemon(t);
  const { set, remove, watch } = mutableCalls(t, daemon);
  await set('"a1"', '1');
  const stream = watch('"a', true);
  const end = once(stream, 'error') as Promise<[ServiceError]>;
  const next = async (): Promise<string> => {
    const [{ change }] = (await once(stream, 'data')) as [WatchMutablesResponse];
    return change?.$case === 'set' ? `${change.value.keyJson}=${change.value.valueJson}` : `${String(change?.value)} deleted`;
  };
  t.is(await next(), '"a1"=1');
  await set('"b"', '0');
  const second = next();
  await set('"a2"', '2');
  t.is(await second, '"a2"=2');
  const third = next();
  await remove('"a1"');
  t.is(await third, '"a1" deleted');
  void daemon.stop();
  t.is((await end)[0].code, status.UNAVAILABLE);
});

test.serial('nothing of the node itself can be read as a mutable', async (t) => {
  const { list } = mutableCalls(t, await startTestDaemon(t));
  t.deepEqual(await list(''), { mutables: [], nextPageToken: '' });
});
