import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import test from 'ava';

import { type NpyArray, type NpyType } from '../../../src/client/npy-array.js';
import { decodeNpy, encodeNpy } from '../../../src/client/npy-format.js';
import { isKacheryError } from '../../../src/core/failure.js';

interface Vectors {
  readonly written: {
    readonly about: string;
    readonly type: NpyType;
    readonly shape: number[];
    readonly columnMajor: boolean;
    readonly data: string;
    readonly file: string;
  }[];
  readonly bigEndian: { readonly type: NpyType; readonly values: number[]; readonly file: string };
  readonly unreadable: { readonly about: string; readonly file: string }[];
}

const vectors = JSON.parse(readFileSync(resolve('test/vectors/npy.json'), 'utf8')) as Vectors;

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

for (const { about, type, shape, columnMajor, data, file } of vectors.written) {
  test(`${about} (${type}) is written as numpy writes it, and read`, (t) => {
    const array = decodeNpy(bytesOf(file));
    t.like(array, { type, shape, isColumnMajor: columnMajor });
    t.deepEqual(Buffer.from(array.data.buffer, array.data.byteOffset, array.data.byteLength), bytesOf(data));
    t.deepEqual(Buffer.from(encodeNpy(array)), bytesOf(file));
  });
}

test('elements in the other byte order are turned', (t) => {
  const { type, values, file } = vectors.bigEndian;
  const array = decodeNpy(bytesOf(file));
  t.is(array.type, type);
  t.deepEqual(Array.from(array.data as Int32Array), values);
});

test('a file is read wherever it lies in memory', (t) => {
  const [first] = vectors.written.filter(({ type }) => type === 'float64');
  const file = bytesOf(first?.file ?? '');
  const shifted = Buffer.alloc(file.length + 3);
  file.copy(shifted, 3);
  t.deepEqual(decodeNpy(shifted.subarray(3)), decodeNpy(file));
});

for (const { about, file } of vectors.unreadable) {
  test(`${about} have no array in JavaScript`, (t) => {
    const error: unknown = t.throws(() => decodeNpy(bytesOf(file)));
    t.true(isKacheryError(error, 'not-supported'), String(error));
  });
}

test('a file that is cut off anywhere, or goes on, is refused', (t) => {
  const file = bytesOf(vectors.written[2]?.file ?? '');
  for (let length = 0; length < file.length; length += 1)
    t.true(
      isRefused(() => decodeNpy(file.subarray(0, length))),
      String(length),
    );
  t.true(isRefused(() => decodeNpy(Buffer.concat([file, Buffer.alloc(1)]))));
});

test('a shape that does not fit its elements is refused', (t) => {
  const data = new Float64Array(6);
  for (const array of [
    { type: 'float64', shape: [5], data },
    { type: 'float32', shape: [6], data },
    { type: 'float64', shape: [-2, -3], data },
    { type: 'float64', shape: [1.5, 4], data },
    { type: 'float64', shape: [], data },
  ]) {
    t.true(
      isRefused(() => encodeNpy(array as unknown as NpyArray)),
      JSON.stringify(array.shape),
    );
  }
});

function isRefused(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    return isKacheryError(error, 'invalid-argument');
  }
}
