/** The element types of numpy that JavaScript can hold, and the arrays that hold them. */
export interface NpyData {
  readonly bool: Uint8Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int16: Int16Array;
  readonly uint16: Uint16Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly int64: BigInt64Array;
  readonly uint64: BigUint64Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
}

/** Name of an element type, as numpy's. */
export type NpyType = keyof NpyData;

/** An n-dimensional array as numpy's `.npy` files hold it. */
export type NpyArray = {
  readonly [Type in NpyType]: {
    readonly type: Type;
    /** Length of each dimension; empty for a single value. */
    readonly shape: readonly number[];
    /** The elements; those of `bool` are 0 and 1. */
    readonly data: NpyData[Type];
    /** Whether the first index varies fastest in `data` (Fortran's order), instead of the last; false if left out. */
    readonly isColumnMajor?: boolean;
  };
}[NpyType];
