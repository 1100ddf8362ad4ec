import test from 'ava';

import { systemClock } from '../../../src/core/clock.js';
import { Mirror } from '../../../src/transfer/mirrors/mirror.js';
import { mirrorTimes } from '../../../src/transfer/mirrors/mirror-times.js';
import { noAmount } from '../../../src/transfer/mirrors/no-amount.js';
import { until } from '../../fault/until.js';
import { silentLog } from '../../support/linked-node.js';

// The twentieth pause would be some minutes.
const times = { ...mirrorTimes, firstRetryMs: 1, maxRetryMs: 3_600_000 };
const enoughTries = 20;

for (const [what, hasten] of [
  ['a node that connects', 'noteNode'],
  ['whoever asks for it', 'tryNow'],
] as const) {
  test(`${what} during a try that fails makes that the next one comes soon`, async (t) => {
    let tries = 0;
    const work = {
      amount: noAmount,
      isFetching: false,
      bring: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        mirror[hasten]();
        tries += 1;
        throw new Error('nobody has it');
      },
      close: () => undefined,
    };
    const mirror = new Mirror('sha1://x', 0, { work, clock: systemClock, random: () => 1, log: silentLog, times });
    t.teardown(() => mirror.close());
    await until('it was tried often', () => tries >= enoughTries);
    t.pass();
  });
}
