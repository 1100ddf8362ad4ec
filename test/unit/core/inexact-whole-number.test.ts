import test from 'ava';

import { inexactWholeNumber } from '../../../src/core/inexact-whole-number.js';

test('whole numbers that a double cannot hold are found, others and texts are not', (t) => {
  const kept = ['9007199254740993.5', '"9007199254740993"', '"a\\\\\\"9007199254740993"', '9007199254740992', '-9007199254740992', '1e300', '0'];
  for (const text of [...kept, '1152921504606846976', '1152921504606847000', '[1,{"2":3}]']) t.is(inexactWholeNumber(text), undefined, text);
  for (const number of ['9007199254740993', '-9007199254740993', '12345678901234567890', '9'.repeat(400)]) {
    for (const text of [number, `[1,${number}]`, `{"a\\"":${number}}`, ` ${number}\n`]) t.is(inexactWholeNumber(text), number, text);
  }
});
