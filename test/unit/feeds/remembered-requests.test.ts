import test from 'ava';

import { parseFeedId } from '../../../src/core/feed-id.js';
import { limits } from '../../../src/core/limits.js';
import { RememberedRequests } from '../../../src/feeds/remembered-requests.js';
import { DurableDatabase } from '../../../src/kv/durable-database.js';
import { addressOf } from '../../support/temporary-feeds.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

const address = addressOf(parseFeedId('0'.repeat(64)), 'main');

test('a request is known for the time that is promised, however many others come, and also if the clock is set back', async (t) => {
  const database = await DurableDatabase.open(await temporaryFolder(t), () => Promise.resolve(undefined));
  t.teardown(() => database.close());
  let nowMs = 1_000_000;
  const failOn = (error: unknown): void => {
    t.fail(String(error));
  };
  const requests = await RememberedRequests.open(database, { now: () => nowMs }, failOn);
  const values = new Map<string, Buffer>();
  const view = {
    get: (key: Buffer) => values.get(key.toString('latin1')),
    put: (key: Buffer, value: Buffer) => void values.set(key.toString('latin1'), value),
    delete: (key: Buffer) => void values.delete(key.toString('latin1')),
  };
  const [appended, unkept] = [
    { position: 3, timestampMs: 7 },
    { ...view, put: () => undefined },
  ];
  const find = (id: string) => requests.find(view, requests.keysOf(address, id), 1);
  requests.remember(view, requests.keysOf(address, 'first'), appended, 1);
  for (let number = 0; number < 300_000; number++) requests.remember(unkept, requests.keysOf(address, 'other'), appended, 1);
  t.deepEqual(find('first'), appended);
  nowMs += limits.rememberedRequestMs;
  t.deepEqual(find('first'), appended);
  nowMs += limits.rememberedRequestMs - 1;
  t.deepEqual(find('first'), appended);
  nowMs += 1;
  t.is(find('first'), undefined);

  requests.remember(view, requests.keysOf(address, 'second'), appended, 1);
  nowMs -= 10 * limits.rememberedRequestMs;
  t.deepEqual(find('second'), appended);
  nowMs += limits.rememberedRequestMs;
  t.is(find('second'), undefined);
});
