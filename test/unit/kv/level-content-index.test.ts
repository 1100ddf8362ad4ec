import test, { type ExecutionContext } from 'ava';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseContentId } from '../../../src/core/content-id.js';
import { LevelContentIndex } from '../../../src/kv/level-content-index.js';
import { type Database, type DatabaseTrouble, openDatabase } from '../../../src/kv/open-database.js';
import { type FileIdentity } from '../../../src/storage/content-index.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

const id = (number: number) => parseContentId(number.toString(16).padStart(40, '0'));
const identity = (number: number) => `2049:${String(number)}:100:1700000000000000000` as FileIdentity;
const noTrouble: DatabaseTrouble = { whoHasIt: () => Promise.resolve(undefined), onDamage: () => undefined };

async function openIndex(t: ExecutionContext, database: Database, maxEntries?: number): Promise<LevelContentIndex> {
  const onProblem = (error: unknown): void => {
    t.fail(String(error));
  };
  return LevelContentIndex.open(database, { onProblem, ...(maxEntries !== undefined && { maxEntries }) });
}

test('what is remembered is there when the database is opened again', async (t) => {
  const dir = await temporaryFolder(t);
  const before = await openDatabase(dir, noTrouble);
  const index = await openIndex(t, before);
  await index.rememberContent(identity(1), { id: id(1) });
  await index.rememberContent(identity(2), { id: id(2), manifestId: id(3) });
  await index.rememberManifest(id(2), id(3));
  await index.rememberStoredIdentity(id(2), identity(4));
  await before.close();

  const after = await openDatabase(dir, noTrouble);
  t.teardown(() => after.close());
  const again = await openIndex(t, after);
  t.deepEqual(await again.contentOf(identity(1)), { id: id(1) });
  t.deepEqual(await again.contentOf(identity(2)), { id: id(2), manifestId: id(3) });
  t.is(await again.manifestOf(id(2)), id(3));
  t.is(await again.storedIdentityOf(id(2)), identity(4));
  t.is(await again.contentOf(identity(9)), undefined);
  t.is(await again.manifestOf(id(9)), undefined);
  t.is(await again.storedIdentityOf(id(9)), undefined);
});

test('the index does not grow without end: what was neither written nor read for long is forgotten', async (t) => {
  const database = await openDatabase(await temporaryFolder(t), noTrouble);
  t.teardown(() => database.close());
  const index = await openIndex(t, database, 100);
  for (let number = 0; number < 500; number++) {
    await index.rememberContent(identity(number), { id: id(number) });
    t.deepEqual(await index.contentOf(identity(0)), { id: id(0) });
  }
  const known = await Promise.all(Array.from({ length: 500 }, (_, number) => index.contentOf(identity(number))));
  const count = known.filter((content) => content !== undefined).length;
  t.true(count <= 100 && count >= 50, String(count));
  t.deepEqual(known[499], { id: id(499) });
  t.is(known[1], undefined);
});

test('a database that is open elsewhere is named with who has it', async (t) => {
  const dir = await temporaryFolder(t);
  const database = await openDatabase(dir, noTrouble);
  t.teardown(() => database.close());
  const second = openDatabase(dir, { ...noTrouble, whoHasIt: () => Promise.resolve('the daemon with process id 4711') });
  const error = await t.throwsAsync(second, { message: /is in use by the daemon with process id 4711/ });
  t.like(error, { reason: 'already-running', details: { path: dir } });
  t.notRegex(error.message, /LOCK/);
});

test('a damaged database is made anew', async (t) => {
  const dir = await temporaryFolder(t);
  const before = await openDatabase(dir, noTrouble);
  await before.put('key', 'value');
  await before.close();
  for (const name of await readdir(dir)) if (name.startsWith('MANIFEST')) await writeFile(join(dir, name), 'not a manifest at all, by no means');
  const damages: unknown[] = [];
  const after = await openDatabase(dir, { ...noTrouble, onDamage: (error) => damages.push(error) });
  t.teardown(() => after.close());
  t.is(damages.length, 1);
  t.is(await after.get('key'), undefined);
  await after.put('key', 'new');
  t.is(await after.get('key'), 'new');
});

test('an index whose database is gone knows nothing and says so', async (t) => {
  const database = await openDatabase(await temporaryFolder(t), noTrouble);
  const problems: unknown[] = [];
  const index = await LevelContentIndex.open(database, { onProblem: (error) => problems.push(error) });
  await database.close();
  await index.rememberManifest(id(1), id(2));
  t.is(await index.manifestOf(id(1)), undefined);
  t.is(problems.length, 2);
});
