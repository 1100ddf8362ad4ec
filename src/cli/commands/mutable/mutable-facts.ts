import { type Mutable } from '../../../client/mutables.js';

/** What is told of a mutable, for programs. */
export interface MutableFacts {
  readonly key: unknown;
  readonly value: unknown;
  readonly version: number;
  readonly updatedAt: Date;
}

/** The facts of a mutable, with its version as JSON can tell it. */
export function mutableFacts({ key, value, version, updatedAt }: Mutable): MutableFacts {
  return { key, value, version: Number(version), updatedAt };
}
