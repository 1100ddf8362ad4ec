import { createHash } from 'node:crypto';

/** The SHA-1 of bytes, in hexadecimal. */
export function sha1Of(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
