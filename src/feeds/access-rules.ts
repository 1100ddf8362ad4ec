import { type AccessRule } from './feed-store.js';

/** Access rules as they are stored. */
export function encodeAccessRules(rules: readonly AccessRule[]): Buffer {
  return Buffer.from(JSON.stringify(rules));
}

/** The stored rules; none if there are none. */
export function decodeAccessRules(encoded: Buffer | undefined): readonly AccessRule[] {
  return encoded ? (JSON.parse(encoded.toString()) as readonly AccessRule[]) : [];
}
