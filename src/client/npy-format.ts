import { endianness } from 'node:os';

import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type NpyArray, type NpyType } from './npy-array.js';

const magic = Buffer.from('\x93NUMPY', 'latin1');
const alignment = 64;
/** numpy leaves room for the first dimension to grow to as many digits. */
const growthDigits = 21;

const elements = {
  bool: { code: 'b1', make: Uint8Array },
  int8: { code: 'i1', make: Int8Array },
  uint8: { code: 'u1', make: Uint8Array },
  int16: { code: 'i2', make: Int16Array },
  uint16: { code: 'u2', make: Uint16Array },
  int32: { code: 'i4', make: Int32Array },
  uint32: { code: 'u4', make: Uint32Array },
  int64: { code: 'i8', make: BigInt64Array },
  uint64: { code: 'u8', make: BigUint64Array },
  float32: { code: 'f4', make: Float32Array },
  float64: { code: 'f8', make: Float64Array },
} as const satisfies Record<NpyType, { code: string; make: unknown }>;

const headerForm = /^\{\s*'descr':\s*'([<>|=])(\w+)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d\s,]*)\),?\s*\}\s*$/;

/** The bytes that `numpy.save` writes for this array, so that equal arrays get equal URIs. Fails with `invalid-argument` if shape and data do not fit. */
export function encodeNpy(array: NpyArray): Uint8Array {
  const { code, make } = elements[array.type];
  const { shape, data, isColumnMajor = false } = array;
  const count = shape.reduce((product, length) => product * length, 1);
  if (!(data instanceof make) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0) || count !== data.length) {
    throw new KacheryError(
      'invalid-argument',
      `An array of the type ${array.type} and the shape (${shape.join(', ')}) needs a ${make.name} of ${String(count)} elements.`,
      { field: 'array' },
    );
  }
  return Buffer.concat([header(code, shape, isColumnMajor), littleEndian(Buffer.from(data.buffer, data.byteOffset, data.byteLength), data.BYTES_PER_ELEMENT)]);
}

/**
 * The array that a `.npy` file holds; its data is a view on `bytes` where that can be. Fails with `invalid-argument` if it is no such file, and with
 * `not-supported` if its elements are of a type that JavaScript has no array for.
 */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { text, dataOffset } = readHeader(file);
  const [, order = '', code = '', fortran = '', dimensions = ''] = headerForm.exec(text) ?? [];
  const type = (Object.keys(elements) as NpyType[]).find((name) => elements[name].code === code);
  if (type === undefined) {
    throw new KacheryError('not-supported', `The array's type cannot be read here: its header is ${quoted(text.trim())}. Load it with Python's load_npy.`, {
      feature: 'npy',
    });
  }
  const shape = (dimensions.match(/\d+/g) ?? []).map(Number);
  const count = shape.reduce((product, length) => product * length, 1);
  const { make } = elements[type];
  const sizeBytes = count * make.BYTES_PER_ELEMENT;
  if (file.byteLength - dataOffset !== sizeBytes) throw notNpy(`it has ${String(file.byteLength - dataOffset)} bytes of data, not ${String(sizeBytes)}`);
  const data = nativeBytes(file.subarray(dataOffset), make.BYTES_PER_ELEMENT, order);
  // The table pairs each type with its array, which the compiler cannot follow.
  return { type, shape, data: new make(data.buffer as ArrayBuffer, data.byteOffset, count), isColumnMajor: fortran === 'True' } as NpyArray;
}

function header(code: string, shape: readonly number[], isColumnMajor: boolean): Buffer {
  const tuple = shape.length === 1 ? `(${String(shape[0])},)` : `(${shape.join(', ')})`;
  const order = code.endsWith('1') ? '|' : '<';
  const grown = shape.length === 0 ? undefined : String(isColumnMajor ? shape.at(-1) : shape[0]);
  const room = grown === undefined ? '' : ' '.repeat(Math.max(0, growthDigits - grown.length));
  const text = `{'descr': '${order}${code}', 'fortran_order': ${isColumnMajor ? 'True' : 'False'}, 'shape': ${tuple}, }${room}`;
  const prefixBytes = magic.byteLength + 4;
  const paddedBytes = Math.ceil((prefixBytes + text.length + 1) / alignment) * alignment - prefixBytes;
  const prefix = Buffer.from([...magic, 1, 0, paddedBytes & 0xff, paddedBytes >> 8]);
  return Buffer.concat([prefix, Buffer.from(`${text.padEnd(paddedBytes - 1)}\n`, 'latin1')]);
}

function readHeader(file: Buffer): { text: string; dataOffset: number } {
  if (file.byteLength < magic.byteLength + 4 || !file.subarray(0, magic.byteLength).equals(magic)) throw notNpy('it does not begin as one');
  const version = file[magic.byteLength] ?? 0;
  if (version < 1 || version > 3) throw notNpy(`its version is ${String(version)}`);
  const textOffset = magic.byteLength + (version === 1 ? 4 : 6);
  if (file.byteLength < textOffset) throw notNpy('its header is cut off');
  const textBytes = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  if (file.byteLength < textOffset + textBytes) throw notNpy('its header is cut off');
  return { text: file.toString('utf8', textOffset, textOffset + textBytes), dataOffset: textOffset + textBytes };
}

/** The elements in this machine's byte order, where a typed array can lie on them. */
function nativeBytes(data: Buffer, elementBytes: number, order: string): Buffer {
  const isSwapped = (order === '>' && endianness() === 'LE') || (order === '<' && endianness() === 'BE');
  if (!isSwapped || elementBytes === 1) return data.byteOffset % elementBytes === 0 ? data : aligned(data);
  return swap(aligned(data), elementBytes);
}

function littleEndian(data: Buffer, elementBytes: number): Buffer {
  return endianness() === 'LE' || elementBytes === 1 ? data : swap(aligned(data), elementBytes);
}

function aligned(data: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(data.byteLength);
  data.copy(copy);
  return copy;
}

function swap(data: Buffer, elementBytes: number): Buffer {
  if (elementBytes === 2) return data.swap16();
  return elementBytes === 4 ? data.swap32() : data.swap64();
}

function notNpy(problem: string): KacheryError {
  return new KacheryError('invalid-argument', `The content is not a numpy array file (.npy): ${problem}.`, { field: 'uri' });
}
