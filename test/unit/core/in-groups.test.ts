import test from 'ava';

import { inGroups } from '../../../src/core/in-groups.js';
import { listed } from '../../support/listed.js';

test('each group is filled as far as its bounds allow', async (t) => {
  const bounds = { maxItems: 3, maxBytes: 10, sizeBytesOf: (size: number) => size };
  t.deepEqual(await listed(inGroups([1, 1, 1, 1, 9, 2, 20, 5, 5, 1], bounds)), [[1, 1, 1], [1, 9], [2], [20], [5, 5], [1]]);
  t.deepEqual(await listed(inGroups([], bounds)), []);
});
