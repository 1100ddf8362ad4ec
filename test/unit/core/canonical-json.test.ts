import test from 'ava';

import { canonicalJson } from '../../../src/core/canonical-json.js';
import { compareByCodePoints } from '../../../src/core/code-point-order.js';

const written: readonly (readonly [unknown, string])[] = [
  [null, 'null'],
  [false, 'false'],
  [-0, '0'],
  [1e21, '1e+21'],
  [0.1, '0.1'],
  ['é\u007f\u2028"\\/\n', '"\\u00e9\\u007f\\u2028\\"\\\\/\\n"'],
  ['\ud800', '"\\ud800"'],
  [[], '[]'],
  [{}, '{}'],
  [{ b: [1, { z: 1, a: null }], a: 'x', '': 0 }, '{"":0,"a":"x","b":[1,{"a":null,"z":1}]}'],
  [{ 10: 1, 9: 2 }, '{"10":1,"9":2}'],
  [{ '\uffff': 1, '😀': 2 }, '{"\\uffff":1,"\\ud83d\\ude00":2}'],
  [JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
];

test('values have one text', (t) => {
  for (const [value, text] of written) t.is(canonicalJson(value), text);
});

test('what is not JSON is refused', (t) => {
  const loop: unknown[] = [];
  loop.push(loop);
  for (const value of [NaN, -Infinity, undefined, [undefined], 1n, Symbol('s'), () => 1, loop]) {
    t.like(
      t.throws(() => canonicalJson(value)),
      { reason: 'invalid-argument' },
    );
  }
});

test('texts are ordered by code points, also where they hold halves of surrogate pairs', (t) => {
  const ordered = ['', 'a', 'ab', 'b', '\ud83d', '\ud83d\ud83d', '\ude00', '\uffff', '\u{1f600}', '\u{1f600}a', '\u{1f601}'];
  t.deepEqual(ordered.toReversed().sort(compareByCodePoints), ordered);
});
