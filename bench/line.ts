import { median } from './measure.js';

/** What is counted a second. */
export type CountUnit = 'files/s' | 'appends/s' | 'messages/s';

/** A measured value: its median and every sample, in one unit. */
export interface Quantity {
  readonly value: number;
  readonly unit: 'MiB/s' | 'ms' | 'MiB' | 'KiB' | '% CPU' | 'bytes/s' | 'messages' | CountUnit;
  readonly samples: readonly number[];
}

/** What must be reached: by the ratio of measured value to limit, or by the measured value itself. */
export interface Target {
  readonly of: 'ratio' | 'value';
  readonly bound: 'at most' | 'at least';
  readonly amount: number;
}

/** One line of the table. */
export interface Line {
  /** Short name, for programs. */
  readonly name: string;
  /** What was done, for people. */
  readonly work: string;
  readonly measured: Quantity;
  /** What bounds the work physically, measured in the same run. */
  readonly limit?: Quantity & { readonly of: string };
  /** Absent where nothing is promised and the line only explains another. */
  readonly target?: Target;
  /** Other facts that explain the number. */
  readonly notes?: Readonly<Record<string, string | number>>;
}

/** Rates of moving `sizeBytes` in each of these times, in MiB/s. */
export function rates(sizeBytes: number, seconds: readonly number[]): Quantity {
  const samples = seconds.map((taken) => sizeBytes / 1024 / 1024 / taken);
  return { value: median(samples), unit: 'MiB/s', samples };
}

/** Times in milliseconds, each for one of `count` equal pieces of the work. */
export function milliseconds(seconds: readonly number[], count = 1): Quantity {
  const samples = seconds.map((taken) => (taken * 1000) / count);
  return { value: median(samples), unit: 'ms', samples };
}

/** Things a second, where `count` of them took each of these times. */
export function perSecond(unit: CountUnit, count: number, seconds: readonly number[]): Quantity {
  const samples = seconds.map((taken) => count / taken);
  return { value: median(samples), unit, samples };
}

/** Sizes in MiB. */
export function mebibytes(sizesBytes: readonly number[]): Quantity {
  const samples = sizesBytes.map((sizeBytes) => sizeBytes / 1024 / 1024);
  return { value: median(samples), unit: 'MiB', samples };
}

/**
 * Measured value over limit; undefined without a limit. For times this is how many times longer the work took than its limit, for rates which part of the
 * limit it reached.
 */
export function ratioOf(line: Line): number | undefined {
  return line.limit && line.measured.value / line.limit.value;
}

/** Whether the line's target is reached; undefined without a target. */
export function isReached(line: Line): boolean | undefined {
  if (!line.target) return undefined;
  const amount = line.target.of === 'ratio' ? (ratioOf(line) ?? NaN) : line.measured.value;
  return line.target.bound === 'at most' ? amount <= line.target.amount : amount >= line.target.amount;
}
