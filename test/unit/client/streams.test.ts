import test from 'ava';

import { regroup } from '../../../src/client/regroup.js';
import { Retries } from '../../../src/client/retries.js';
import { KacheryError } from '../../../src/core/failure.js';
import { limits } from '../../../src/core/limits.js';
import { listed } from '../../support/listed.js';

test('regroup makes pieces of one size with room before them', async (t) => {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < 2_000; piece += 1) yield Buffer.alloc(700, piece);
    yield Buffer.alloc(0);
    yield Buffer.alloc(3 * limits.dataMessageBytes, 7);
  }
  const pieces = await listed(regroup(source()));
  const sizeBytes = 2_000 * 700 + 3 * limits.dataMessageBytes;
  t.deepEqual(
    pieces.map(({ data }) => data.length),
    [...Array.from({ length: 4 }, () => limits.dataMessageBytes), sizeBytes - 4 * limits.dataMessageBytes],
  );
  t.true(pieces.every(({ data, headroomBytes }) => data.byteOffset >= headroomBytes));
  const expected = Buffer.concat(await listed(source()));
  t.true(Buffer.concat(pieces.map(({ data }) => data)).equals(expected));
});

test('retries end after some tries, begin anew with progress, and are for passing failures only', async (t) => {
  const busy = new KacheryError('too-busy', 'busy');
  const retries = new Retries(['too-busy'], [0, 0]);
  await retries.wait(busy, undefined);
  await retries.wait(busy, undefined);
  t.is(await t.throwsAsync(retries.wait(busy, undefined)), busy);
  retries.progress();
  await retries.wait(busy, undefined);
  const other = new KacheryError('disk-full', 'full');
  t.is(await t.throwsAsync(retries.wait(other, undefined)), other);
  await t.throwsAsync(new Retries(['too-busy'], [1_000_000]).wait(busy, AbortSignal.abort()), { message: /cancelled/ });
});
