import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';

import { limits } from '../../../../src/core/limits.js';
import { Turnstile } from '../../../../src/network/link/turnstile.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const address = 'https://example.org/lab.yaml';

/** A node that waits for handshakes longer than any test, and another one that may connect to it. */
async function patientNode(t: ExecutionContext) {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const node = await LinkedNode.start(t, { identity: one, channels, timing: { connectMs: 600_000 } });
  const joinSecond = () => LinkedNode.start(t, { identity: two, channels, isHidden: true, staticPeers: [node.address] });
  return { node, joinSecond };
}

/** Connects and says nothing; resolves when it is connected. */
async function sit(t: ExecutionContext, node: LinkedNode, localAddress: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(node.address.split(':')[1]), localAddress });
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}

test('strangers who sit at the door keep nobody out, not even of their own address', async (t) => {
  const { node, joinSecond } = await patientNode(t);
  const strangers: Socket[] = [];
  for (let index = 0; index < 3 * limits.maxUnprovenFromOneAddress; index++) strangers.push(await sit(t, node, '127.0.0.1'));
  const second = await joinSecond();
  await until('the member is connected', () => second.links.connected()[0] && node.links.connected()[0]);
  // Who made room for it has been sent away, not only forgotten.
  await until('there are fewer strangers', () => strangers.filter(({ closed }) => !closed).length < limits.maxUnprovenFromOneAddress);
  t.pass();
});

(process.platform === 'linux' ? test : test.skip)('strangers from many addresses keep nobody out', async (t) => {
  const { node, joinSecond } = await patientNode(t);
  const sources = limits.maxUnprovenConnections / limits.maxUnprovenFromOneAddress + 2;
  for (let source = 2; source < sources + 2; source++) {
    for (let index = 0; index < limits.maxUnprovenFromOneAddress; index++) await sit(t, node, `127.0.0.${String(source)}`);
  }
  const second = await joinSecond();
  await until('the member is connected', () => second.links.connected()[0] && node.links.connected()[0]);
  t.pass();
});

if (process.platform !== 'linux') console.log('SKIPPED: strangers from many addresses: this system has one loopback address only');

test('a turnstile makes room at the expense of the source that has most', (t) => {
  let nowMs = 0;
  const turnstile = new Turnstile({ max: 4, maxFromOne: 3, graceMs: 10, now: () => nowMs });
  const ejected: string[] = [];
  const enter = (source: string, name: string) => {
    nowMs += 10;
    return turnstile.enter(source, () => ejected.push(name));
  };
  for (const name of ['a1', 'a2', 'a3']) enter('a', name);
  enter('a', 'a4');
  t.deepEqual(ejected, ['a1']);
  const leaveB = enter('b', 'b1');
  enter('c', 'c1');
  t.deepEqual(ejected, ['a1', 'a2']);
  leaveB!();
  leaveB!();
  enter('d', 'd1');
  t.deepEqual(ejected, ['a1', 'a2']);
  enter('e', 'e1');
  t.deepEqual(ejected, ['a1', 'a2', 'a3']);
  enter('f', 'f1');
  t.deepEqual(ejected, ['a1', 'a2', 'a3', 'a4']);
});

test('who has just come through a turnstile is not sent away', (t) => {
  let nowMs = 0;
  const turnstile = new Turnstile({ max: 3, maxFromOne: 2, graceMs: 10, now: () => nowMs });
  let ejected = 0;
  const enter = (source: string) => turnstile.enter(source, () => ejected++);
  t.truthy(enter('a') && enter('a'));
  t.is(enter('a'), undefined);
  t.truthy(enter('b'));
  t.is(enter('c'), undefined);
  nowMs = 9;
  t.is(enter('c'), undefined);
  t.is(ejected, 0);
  nowMs = 10;
  t.truthy(enter('c'));
  t.is(ejected, 1);
});
