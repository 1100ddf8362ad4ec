import { type Timestamp } from '../../gen/ts/google/protobuf/timestamp.js';

/** Milliseconds since 1970 UTC as protobuf tells them. */
export function timestamp(timeMs: number): Timestamp {
  const seconds = Math.floor(timeMs / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor(timeMs - seconds * 1000) * 1_000_000 };
}
