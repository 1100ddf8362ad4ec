import test from 'ava';

import { isKacheryError } from '../../../src/core/failure.js';
import { type NodeId } from '../../../src/core/node-id.js';
import { FairShare } from '../../../src/network/serving/fair-share.js';
import { HandClock } from '../../support/hand-clock.js';

const [first, second] = ['1', '2'].map((digit) => digit.repeat(64) as NodeId) as [NodeId, NodeId];
const never = new AbortController().signal;

test('each node, and all together, have so many transfers at most', (t) => {
  const share = new FairShare(new HandClock(), { bytesPerSecond: undefined, transfersPerNode: 2, transfers: 3 });
  const end = share.begin(first);
  share.begin(first);
  t.true(
    isKacheryError(
      t.throws(() => share.begin(first)),
      'too-busy',
    ),
  );
  share.begin(second);
  t.true(
    isKacheryError(
      t.throws(() => share.begin(second)),
      'too-busy',
    ),
  );
  end();
  end();
  t.notThrows(() => share.begin(second));
  t.throws(() => share.begin(first));
});

test('without a limit nobody waits', async (t) => {
  const share = new FairShare(new HandClock(), { bytesPerSecond: undefined, transfersPerNode: 1, transfers: 1 });
  await share.take(first, Number.MAX_SAFE_INTEGER, never);
  t.pass();
});

test('what is sent keeps to the limit, and a node with many transfers gets no more than one with a single one', async (t) => {
  const clock = new HandClock();
  const share = new FairShare(clock, { bytesPerSecond: 1_000, transfersPerNode: 10, transfers: 20 });
  const taken: NodeId[] = [];
  const takeSome = async (nodeId: NodeId, times: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      await share.take(nodeId, 100, never);
      taken.push(nodeId);
    }
  };
  const work = Promise.all([takeSome(first, 5), takeSome(first, 5), takeSome(first, 5), takeSome(second, 5)]);
  while (taken.length < 20) {
    clock.nowMs += 100;
    await turns();
    t.true(taken.length * 100 <= clock.nowMs + 100, 'no more than the limit, and one piece');
  }
  await work;
  const whileBothWanted = taken.slice(0, taken.lastIndexOf(second) + 1);
  t.is(whileBothWanted.filter((nodeId) => nodeId === second).length, 5);
  t.true(whileBothWanted.length <= 11, taken.map((nodeId) => nodeId.charAt(0)).join(''));
});

test('who gives up does not wait, and takes nothing', async (t) => {
  const clock = new HandClock();
  const share = new FairShare(clock, { bytesPerSecond: 1_000, transfersPerNode: 1, transfers: 2 });
  clock.nowMs += 100;
  await share.take(first, 1_000, never);
  const controller = new AbortController();
  const given = share.take(first, 1_000_000, controller.signal);
  const after = share.take(second, 1, never);
  controller.abort(new Error('enough'));
  await t.throwsAsync(given, { message: 'enough' });
  clock.nowMs += 1_000;
  await after;
  await t.throwsAsync(share.take(first, 1, controller.signal), { message: 'enough' });
});

/** Long enough for timers of the real clock that are due at once. */
function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
