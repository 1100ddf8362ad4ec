import test from 'ava';

import { isKacheryError } from '../../src/core/failure.js';
import { appendOf, openFeeds, readAll, textsOf } from '../support/temporary-feeds.js';
import { SmallDisk } from './small-disk.js';

const MiB = 1024 * 1024;

test.serial('a full disk refuses appends, loses none that was acknowledged, and is used again when there is room', async (t) => {
  const disk = await SmallDisk.mount(t, 80 * MiB);
  if (!disk) return;
  const before = await openFeeds(t, disk.dir);
  const { id } = await before.create();
  const acknowledged: string[] = [];
  const fill = async (name: string): Promise<void> => {
    const text = name.padEnd(5_000, '.');
    await before.append(appendOf(id, 'main', [text]));
    acknowledged.push(text);
  };
  await fill('first');
  await disk.fill(64 * 1024);
  const failure: unknown = await (async () => {
    for (let number = 0; number < 1_000; number++) await fill(`${String(number)} `);
  })().catch((error: unknown) => error);
  t.true(isKacheryError(failure, 'disk-full'), String(failure));
  t.like(await t.throwsAsync(fill('while it is full ')), { reason: 'disk-full' });
  t.deepEqual(textsOf(await readAll(before, id, 'main')), acknowledged);

  await disk.free();
  for (let number = 0; number < 20; number++) await fill(`again ${String(number)} `);
  t.deepEqual(textsOf(await readAll(before, id, 'main')).slice(-20), acknowledged.slice(-20));
  await before.close();
  const after = textsOf(await readAll(await openFeeds(t, disk.dir), id, 'main', 0, { withProofs: true }));
  const refused = after.filter((text) => !acknowledged.includes(text));
  t.deepEqual(
    after.filter((text) => acknowledged.includes(text)),
    acknowledged,
  );
  t.true(refused.length <= 1, `${String(refused.length)} appends that were refused are there`);
});
