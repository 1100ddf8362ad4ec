import test, { type ExecutionContext } from 'ava';

import { limits } from '../../../src/core/limits.js';
import { DurableDatabase } from '../../../src/kv/durable-database.js';
import { GroupCommit, type Transaction } from '../../../src/kv/group-commit.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

const counter = Buffer.from('counter');

async function openDatabase(t: ExecutionContext): Promise<DurableDatabase> {
  const database = await DurableDatabase.open(await temporaryFolder(t), () => Promise.resolve(undefined));
  t.teardown(() => database.close());
  return database;
}

/** Adds one to the counter and gives its new value; `refuse` throws behind the change. */
function increment(refuse = false): Transaction<number> {
  return {
    keys: [counter],
    sizeBytes: 10,
    apply: (view) => {
      const next = Number(view.get(counter) ?? 0) + 1;
      view.put(counter, Buffer.from(String(next)));
      if (refuse) throw new Error('refused');
      return next;
    },
  };
}

test('transactions at once see what those before them did, and a refused one changes nothing', async (t) => {
  const database = await openDatabase(t);
  const writes = new GroupCommit(database);
  const results = await Promise.allSettled([increment(), increment(true), increment(), increment(true), increment()].map((one) => writes.run(one)));
  t.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error).message)),
    [1, 'refused', 2, 'refused', 3],
  );
  t.is(String(await database.get(counter)), '3');
});

test('what is told of a transaction is on disk, and is told in order', async (t) => {
  const database = await openDatabase(t);
  const writes = new GroupCommit(database);
  const told: number[] = [];
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      const value = await writes.run({ ...increment(), committed: (result) => told.push(result) });
      t.true(Number(await database.get(counter)) >= value);
    }),
  );
  t.deepEqual(
    told,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
});

test('more than may wait is refused, and accepted again when what waited is written', async (t) => {
  const writes = new GroupCommit(await openDatabase(t));
  const large = { ...increment(), sizeBytes: limits.maxWaitingWriteBytes };
  const first = writes.run(large);
  t.like(await t.throwsAsync(writes.run(increment())), { reason: 'too-busy' });
  await first;
  t.is(await writes.run(large), 2);
});

test('a database that is closed says that the daemon is stopping', async (t) => {
  const database = await openDatabase(t);
  const writes = new GroupCommit(database);
  await writes.run(increment());
  await database.close();
  t.like(await t.throwsAsync(writes.run(increment())), { reason: 'daemon-stopping' });
});
