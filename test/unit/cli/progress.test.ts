import test from 'ava';

import { formatBytes, formatDuration } from '../../../src/cli/format-quantity.js';
import { formatProgress } from '../../../src/cli/progress-line.js';
import { TransferRate } from '../../../src/cli/transfer-rate.js';

const MiB = 1024 * 1024;

test('bytes are told with three digits and a unit', (t) => {
  t.deepEqual([0, 999, 1000, 1023 * 1024, 1.5 * MiB, 250 * MiB, 2 ** 50].map(formatBytes), [
    '0 bytes',
    '999 bytes',
    '1.0 KiB',
    '1.0 MiB',
    '1.5 MiB',
    '250 MiB',
    '1.0 PiB',
  ]);
});

test('times are told with their two largest units', (t) => {
  t.deepEqual([0, 1, 59_000, 60_000, 125_000, 3_600_000, 7_500_000].map(formatDuration), [
    '0 s',
    '1 s',
    '59 s',
    '1 min 00 s',
    '2 min 05 s',
    '1 h 00 min',
    '2 h 05 min',
  ]);
});

test('the rate is that of the last seconds, whatever was before', (t) => {
  let nowMs = 0;
  const rate = new TransferRate({ now: () => nowMs });
  rate.observe(0);
  t.is(rate.bytesPerSecond(), undefined);
  for (nowMs = 100; nowMs <= 20_000; nowMs += 100) rate.observe(1000);
  t.is(Math.round(rate.bytesPerSecond() ?? -1), 0);
  for (let done = 1000; nowMs <= 40_000; nowMs += 100) rate.observe((done += 100));
  t.is(Math.round(rate.bytesPerSecond() ?? -1), 1000);
});

test('the rate starts anew when less is done than before', (t) => {
  let nowMs = 0;
  const rate = new TransferRate({ now: () => nowMs });
  rate.observe(0);
  nowMs = 1000;
  rate.observe(5000);
  t.is(rate.bytesPerSecond(), 5000);
  rate.observe(0);
  t.is(rate.bytesPerSecond(), undefined);
  nowMs = 2000;
  rate.observe(100);
  t.is(rate.bytesPerSecond(), 100);
});

test('the progress line tells share, bytes, rate and time left', (t) => {
  t.is(
    formatProgress({ state: 'sending', doneBytes: 50 * MiB, sizeBytes: 200 * MiB, bytesPerSecond: 10 * MiB }),
    'sending     ██████░░░░░░░░░░░░░░░░░░  25 %  50.0 MiB of 200 MiB  10.0 MiB/s  15 s left',
  );
});

test('the progress line tells what it can while the size or the rate is not known', (t) => {
  t.is(formatProgress({ state: 'storing', doneBytes: 5 * MiB, sizeBytes: 0, bytesPerSecond: MiB }), 'storing  5.0 MiB  1.0 MiB/s');
  t.is(formatProgress({ state: 'finding', doneBytes: 0, sizeBytes: 0 }), 'finding …');
  t.regex(formatProgress({ state: 'sending', doneBytes: 0, sizeBytes: 10, bytesPerSecond: 0 }), /0 %.*0 bytes\/s$/);
  t.regex(formatProgress({ state: 'sending', doneBytes: 20, sizeBytes: 10 }), /100 %/);
});
