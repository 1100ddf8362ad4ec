import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';

/** The name of a feed itself, if it may be one. Fails with `invalid-argument`. */
export function checkFeedName(name: string): string {
  const sizeBytes = Buffer.byteLength(name);
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  if (sizeBytes > 0 && sizeBytes <= limits.maxFeedNameBytes && !/[\u0000-\u001f\u007f]/.test(name)) return name;
  throw new KacheryError(
    'invalid-argument',
    `${quoted(name)} cannot be the name of a feed: 1 to ${String(limits.maxFeedNameBytes)} bytes without control characters are needed.`,
    { field: 'name' },
  );
}
