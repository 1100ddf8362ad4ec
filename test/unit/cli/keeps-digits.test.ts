import test from 'ava';
import fc from 'fast-check';

import { keepsDigits } from '../../../src/cli/keeps-digits.js';

test('a number keeps its digits if it is written again as the same number', (t) => {
  for (const token of [
    '0',
    '-0',
    '0.0',
    '0e5',
    '1.0',
    '1.50',
    '100',
    '1e2',
    '1E+2',
    '100e-2',
    '0.1',
    '9007199254740991',
    '1e21',
    '123456789012345680000',
    '5e-324',
  ]) {
    t.true(keepsDigits(token), token);
  }
  for (const token of [
    '9007199254740993',
    '-12345678901234567890',
    '36893488147419103232',
    '0.12345678901234567890',
    '1.234567890123456789e5',
    '1e400',
    '-1e-400',
  ]) {
    t.false(keepsDigits(token), token);
  }
});

test('each number that this program writes keeps its digits, with zeros at its end, too, and with another digit it does not', (t) => {
  fc.assert(
    fc.property(
      fc.double({ noDefaultInfinity: true, noNaN: true }).filter((value) => value !== 0),
      (value) => {
        const [mantissa = '', exponent = '0'] = String(value).split('e');
        const longer = `${mantissa}${mantissa.includes('.') ? '' : '.'}${'0'.repeat(20)}`;
        t.true(keepsDigits(String(value)));
        t.true(keepsDigits(`${longer}e${exponent}`));
        t.false(keepsDigits(`${longer}1e${exponent}`));
      },
    ),
  );
});
