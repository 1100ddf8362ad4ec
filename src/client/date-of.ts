import { required } from './required.js';

/** The time that a protobuf timestamp tells, to the millisecond. */
export function dateOf(time: { readonly seconds: bigint | number; readonly nanos: number } | undefined): Date {
  const { seconds, nanos } = required(time, 'time');
  return new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000));
}
