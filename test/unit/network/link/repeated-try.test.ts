import test from 'ava';

import { firstToSucceed } from '../../../../src/network/link/first-to-succeed.js';
import { RepeatedTry, type TryOutcome } from '../../../../src/network/link/repeated-try.js';
import { Slots } from '../../../../src/network/link/slots.js';

const timing = { firstRetryMs: 1, maxRetryMs: 4, recentFailureMs: 0 };
const failed: TryOutcome = { failed: true, leastPauseMs: 0 };

test('something is tried until it succeeds, one try at a time', async (t) => {
  let [tries, underWay] = [0, 0];
  await new Promise<void>((resolve) => {
    const repeated = new RepeatedTry(
      async () => {
        t.is(++underWay, 1);
        await new Promise((turn) => setImmediate(turn));
        underWay--;
        if (++tries < 5) return failed;
        resolve();
        return 'done';
      },
      { random: () => 0.5, timing },
    );
    repeated.later(0);
    repeated.later(0);
    void repeated.now();
  });
  t.is(tries, 5);
});

test('who asks at once joins a try, and does not repeat one that has failed just now', async (t) => {
  let tries = 0;
  const repeated = new RepeatedTry(() => Promise.resolve(++tries > 0 ? failed : 'done'), {
    random: () => 0,
    timing: { firstRetryMs: 1_000_000, maxRetryMs: 1_000_000, recentFailureMs: 1_000_000 },
  });
  await Promise.all([repeated.now(), repeated.now()]);
  await repeated.now();
  t.is(tries, 1);
  repeated.forgive();
  await repeated.now();
  t.is(tries, 2);
  await repeated.close();
});

test('what waits for a turn far away is tried sooner when the reason to wait is gone', async (t) => {
  let [tries, whenAgain] = [0, (): void => undefined];
  const again = new Promise<void>((resolve) => {
    whenAgain = resolve;
  });
  const repeated = new RepeatedTry(
    () => {
      if (++tries === 2) whenAgain();
      return Promise.resolve({ againMs: 1_000_000 });
    },
    { random: () => 0, timing },
  );
  await repeated.now();
  repeated.later(0);
  t.is(tries, 1);
  repeated.anew(0);
  await again;
  t.is(tries, 2);
  await repeated.close();
});

test('a closed one tries nothing more, and stops what is under way', async (t) => {
  let tries = 0;
  const repeated = new RepeatedTry(
    (signal) => {
      tries++;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve(failed);
        });
      });
    },
    { random: () => 0, timing },
  );
  const first = repeated.now();
  await repeated.close();
  await first;
  repeated.later(0);
  await repeated.now();
  t.is(tries, 1);
});

const { signal: never } = new AbortController();

function attempt<T>(run: (signal: AbortSignal) => Promise<T>, startAfterMs = 1_000_000) {
  return { startAfterMs, run };
}

test('the first attempt to succeed counts, and the others are given up', async (t) => {
  const stopped: unknown[] = [];
  const hangs = attempt(
    (signal) =>
      new Promise<string>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped.push(1);
          reject(new Error('stopped'));
        });
      }),
  );
  const result = await firstToSucceed([hangs, attempt(() => Promise.resolve('second'), 1)], { signal: never, discard: () => undefined });
  t.is(result, 'second');
  t.is(stopped.length, 1);
});

test('what comes too late is given back', async (t) => {
  const discarded: string[] = [];
  let finish: ((value: string) => void) | undefined;
  const late = attempt(() => new Promise<string>((resolve) => (finish = resolve)));
  t.is(await firstToSucceed([late, attempt(() => Promise.resolve('quick'), 1)], { signal: never, discard: (value) => discarded.push(value) }), 'quick');
  finish?.('late');
  await new Promise((turn) => setImmediate(turn));
  t.deepEqual(discarded, ['late']);
});

test('the next attempt starts as soon as one has failed, and all failures are told', async (t) => {
  const order: number[] = [];
  const failing = (number: number) =>
    attempt(() => {
      order.push(number);
      return Promise.reject(new Error(`problem ${String(number)}`));
    });
  const error = await t.throwsAsync(firstToSucceed([1, 2, 3, 4, 5, 6].map(failing), { signal: never, discard: () => undefined }));
  t.deepEqual(order, [1, 2, 3, 4, 5, 6]);
  t.is(error.message, 'problem 1; problem 2; problem 3; problem 4; 2 more');
  t.is((await t.throwsAsync(firstToSucceed([failing(7)], { signal: never, discard: () => undefined }))).message, 'problem 7');
});

test('who gives up the whole is told so at once', async (t) => {
  const controller = new AbortController();
  const waiting = firstToSucceed([attempt(() => new Promise<string>(() => undefined))], { signal: controller.signal, discard: () => undefined });
  controller.abort(new Error('enough'));
  t.is((await t.throwsAsync(waiting)).message, 'enough');
});

test('slots are used by so many at a time, in the order of those who wait', async (t) => {
  const slots = new Slots(2);
  const order: number[] = [];
  let [inside, most] = [0, 0];
  await Promise.all(
    [1, 2, 3, 4, 5].map((number) =>
      slots.use(async () => {
        order.push(number);
        most = Math.max(most, ++inside);
        await new Promise((turn) => setImmediate(turn));
        inside--;
      }),
    ),
  );
  t.deepEqual(order, [1, 2, 3, 4, 5]);
  t.is(most, 2);
});
