import { type Duration } from '../../gen/ts/google/protobuf/duration.js';

/** A span of milliseconds as protobuf tells it; parts of a span before zero are negative, both. */
export function duration(spanMs: number): Duration {
  const seconds = Math.trunc(spanMs / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((spanMs - seconds * 1000) * 1_000) * 1_000 };
}
