import test from 'ava';
import fc from 'fast-check';

import { readableJson } from '../../../src/cli/readable-json.js';

test('letters and signs are shown as themselves; what could not be seen or would change a terminal stays escaped', (t) => {
  const shown: [string, string][] = [
    [String.raw`"\u00e9\u4F60\ud83d\ude00\u2192"`, '"é你😀→"'],
    [String.raw`"\u0022\u005c\u000a\u001b\u007f\u009b\u00a0\u202e\ufeff\ue000"`, String.raw`"\u0022\u005c\u000a\u001b\u007f\u009b\u00a0\u202e\ufeff\ue000"`],
    [String.raw`"\ud83d\ud83d\ude00\ude00"`, String.raw`"\ud83d😀\ude00"`],
    [String.raw`"\\u00e9\\\u00e9"`, String.raw`"\\u00e9\\é"`],
    ['"\u007f\u009b\u2028\u202e\u2066\u200f"', String.raw`"\u007f\u009b\u2028\u202e\u2066\u200f"`],
    ['\t"\u200d"', '\t"\u200d"'],
    ['{\r\n"id": 12345678901234567890}', '{  "id": 12345678901234567890}'],
  ];
  for (const [text, expected] of shown) t.is(readableJson(text), expected);
});

test('the value stays the same', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value, undefined, 1).replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
      t.deepEqual(JSON.parse(readableJson(text)), JSON.parse(text));
    }),
  );
});
