import { type MutableExpectation } from '../../../client/mutables.js';
import { KacheryError } from '../../../core/failure.js';
import { limits } from '../../../core/limits.js';
import { parseExactJson } from '../../../core/parse-exact-json.js';
import { parseWholeNumber } from '../../parse-whole-number.js';

/** What must be there before a change, as typed. */
export interface ExpectationFlags {
  readonly ifAbsent?: boolean;
  readonly expectVersion?: string;
  readonly expectValue?: string;
}

/** What must be there before a change; undefined for anything. Fails with `invalid-argument` if more than one thing is expected. */
export function parseExpectation({ ifAbsent, expectVersion, expectValue }: ExpectationFlags): MutableExpectation | undefined {
  const version = parseWholeNumber('--expect-version', expectVersion);
  const expected: MutableExpectation[] = [
    ...(ifAbsent === true ? [{ absent: true } as const] : []),
    ...(version === undefined ? [] : [{ version: BigInt(version) }]),
    ...(expectValue === undefined ? [] : [{ value: parseExactJson(expectValue, '--expect-value', limits.maxMutableValueBytes) }]),
  ];
  if (expected.length < 2) return expected[0];
  throw new KacheryError('invalid-argument', 'Only one of --if-absent, --expect-version and --expect-value can be given.', { field: '--expect-version' });
}
