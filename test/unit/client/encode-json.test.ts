import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import test from 'ava';
import fc from 'fast-check';

import { encodeJson } from '../../../src/client/encode-json.js';
import { isKacheryError } from '../../../src/core/failure.js';

const vectors = JSON.parse(readFileSync(resolve('test/vectors/json.json'), 'utf8')) as { cases: { value: unknown; text: string }[] };

for (const { value, text } of vectors.cases) {
  test(`${text} is written as Python writes it`, (t) => {
    t.is(encodeJson(value), text);
  });
}

test('what is written is ASCII and is read as what it was', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = encodeJson(value);
      // Negative zero is the one number that JSON.stringify does not keep.
      return /^[ -~]*$/.test(text) && JSON.stringify(JSON.parse(text)) === JSON.stringify(value);
    }),
  );
  t.pass();
});

test('what has a form of its own in JSON is written in it', (t) => {
  t.is(encodeJson({ at: new Date(0) }), '{"at":"1970-01-01T00:00:00.000Z"}');
  t.is(encodeJson(Object.assign(Object.create(null) as object, { a: 1 })), '{"a":1}');
});

const loop: Record<string, unknown> = {};
loop['self'] = loop;
let deep: unknown = 0;
for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];

for (const [about, value, part] of [
  ['undefined', undefined, 'undefined'],
  ['a member that is undefined', { a: { gone: undefined } }, '"gone"'],
  ['an element that is undefined', [undefined], '"0"'],
  ['NaN', [Number.NaN], 'NaN'],
  ['Infinity', { x: -Infinity }, '-Infinity'],
  ['a bigint', 1n, 'bigint'],
  ['a function', { f: () => 0 }, 'function'],
  ['a symbol', Symbol('s'), 'symbol'],
  ['a map', { m: new Map() }, 'Map'],
  ['a set', new Set(), 'Set'],
  ['a typed array', new Float64Array(1), 'Float64Array'],
  ['a Buffer', [Buffer.from('x')], 'Buffer'],
  ['a cycle', loop, 'contains itself'],
  ['a deep value', deep, 'too deeply'],
] as const) {
  test(`${about} is refused, and told`, (t) => {
    const error: unknown = t.throws(() => encodeJson(value));
    t.true(isKacheryError(error, 'invalid-argument') && error.message.includes(part), String(error));
  });
}
