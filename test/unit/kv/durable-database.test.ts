import test, { type ExecutionContext } from 'ava';

import { DurableDatabase } from '../../../src/kv/durable-database.js';
import { keyBefore } from '../../../src/kv/key-range.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

async function openDatabase(t: ExecutionContext): Promise<DurableDatabase> {
  const database = await DurableDatabase.open(await temporaryFolder(t), () => Promise.resolve(undefined));
  t.teardown(() => database.close());
  return database;
}

test('pages come in order, end with the range, and hold no more entries than are wanted', async (t) => {
  const database = await openDatabase(t);
  const keys = Array.from({ length: 600 }, (_, index) => Buffer.of(1, index >> 8, index & 0xff));
  const outside = [Buffer.of(0, 9), Buffer.of(2)];
  await database.commit([...keys, ...outside].map((key) => ({ key, value: key })));
  const all = { gte: Buffer.of(1), lt: Buffer.of(2) };
  const read = async (limit?: number): Promise<Buffer[]> => {
    const entries: Buffer[] = [];
    for await (const page of database.pages(all, limit === undefined ? {} : { limit })) entries.push(...page.map(([key]) => key));
    return entries;
  };
  t.deepEqual(await read(), keys);
  t.deepEqual(await read(300), keys.slice(0, 300));
  t.deepEqual(await read(1), keys.slice(0, 1));
  for await (const values of database.valuePages(all)) {
    t.deepEqual(values, keys.slice(0, values.length));
    break;
  }
  t.deepEqual(await database.lastKey(all), keys.at(-1));
  t.is(await database.lastKey({ gte: Buffer.of(3), lt: Buffer.of(4) }), undefined);
});

test('the key before another is behind the ones that are smaller', (t) => {
  t.deepEqual(keyBefore(Buffer.of(1, 5)), Buffer.of(1, 4, 255));
  t.deepEqual(keyBefore(Buffer.of(1, 0)), Buffer.of(1));
});
