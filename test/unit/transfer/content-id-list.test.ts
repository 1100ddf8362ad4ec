import test from 'ava';

import { ContentIdList } from '../../../src/transfer/mirrors/content-id-list.js';
import { idOf } from '../../support/content-of.js';

test('ids come out as they went in, as often as they are wanted', (t) => {
  const ids = Array.from({ length: 100 }, (_, index) => idOf(Buffer.from(String(index))));
  const list = ContentIdList.of(ids, ids.length);
  t.deepEqual([...list], ids);
  t.deepEqual([...list], ids);
  t.deepEqual([...ContentIdList.of([], 0)], []);
});
