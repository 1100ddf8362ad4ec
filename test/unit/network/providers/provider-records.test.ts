import test from 'ava';

import { limits } from '../../../../src/core/limits.js';
import { type NodeId } from '../../../../src/core/node-id.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { ProviderRecords } from '../../../../src/network/providers/provider-records.js';
import { type RecordKey } from '../../../../src/network/providers/record-key.js';
import { HandClock } from '../../../support/hand-clock.js';

const [tag, otherTag] = [channelTag('https://example.org/one.yaml'), channelTag('https://example.org/other.yaml')];
const hourMs = 60 * 60_000;

const node = (number: number): NodeId => number.toString(16).padStart(64, '0') as NodeId;
const key = (number: number): RecordKey => number.toString(16).padStart(32, '0') as RecordKey;
const keys = (start: number, end: number): RecordKey[] => Array.from({ length: end - start }, (_, index) => key(start + index));

test('who announced something is told in the channel in which he did, the last one first', (t) => {
  const records = new ProviderRecords(new HandClock());
  t.is(records.add(tag, node(1), [key(1), key(2)]), 2);
  t.is(records.add(tag, node(2), [key(1)]), 1);
  t.deepEqual(records.find(tag, [key(1), key(2), key(3)]), [[node(2), node(1)], [node(1)], []]);
  t.deepEqual(records.find(otherTag, [key(1)]), [[]]);
  records.add(tag, node(1), [key(1)]);
  t.deepEqual(records.find(tag, [key(1)]), [[node(1), node(2)]]);
  t.is(records.size, 3, 'what is announced again is kept once');
});

test('a record ends a day after it was announced last, and makes room', (t) => {
  const clock = new HandClock();
  const records = new ProviderRecords(clock, { maxRecords: 3 });
  records.add(tag, node(1), [key(1), key(2)]);
  clock.nowMs += 20 * hourMs;
  records.add(tag, node(1), [key(2)]);
  records.add(tag, node(2), [key(3)]);
  t.is(records.add(tag, node(2), [key(4)]), 0, 'there is no room');
  clock.nowMs += 4 * hourMs + 60_000;
  t.deepEqual(records.find(tag, [key(1), key(2), key(3)]), [[], [node(1)], [node(2)]]);
  t.is(records.add(tag, node(2), [key(4)]), 1);
  t.is(records.size, 3);
  clock.nowMs += 25 * hourMs;
  t.deepEqual(records.find(tag, keys(1, 5)), [[], [], [], []]);
  records.add(tag, node(3), []);
  t.is(records.size, 0);
});

test('one node has so many records, all together so many, one content so many nodes; what is known already is renewed all the same', (t) => {
  const records = new ProviderRecords(new HandClock(), { maxRecordsOfNode: 10, maxRecords: 25 });
  t.is(records.add(tag, node(1), keys(0, 12)), 10);
  t.is(records.add(otherTag, node(1), keys(0, 1)), 0, 'in all channels together');
  t.is(records.add(tag, node(1), keys(0, 10)), 10);
  t.is(records.add(tag, node(2), keys(100, 110)), 10);
  t.is(records.add(tag, node(3), keys(200, 210)), 5);
  t.is(records.add(tag, node(4), keys(300, 301)), 0);
  t.is(records.size, 25);
  const popular = new ProviderRecords(new HandClock());
  const kept = Array.from({ length: limits.maxProvidersOfKey + 5 }, (_, index) => popular.add(tag, node(index), [key(1)]));
  t.is(kept.filter((count) => count === 1).length, limits.maxProvidersOfKey);
  const told = popular.find(tag, [key(1)])[0];
  t.deepEqual(
    told,
    Array.from({ length: limits.maxToldProviders }, (_, index) => node(limits.maxProvidersOfKey - 1 - index)),
  );
});
