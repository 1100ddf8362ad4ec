import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';

/** What programs take for an id or a URI where either may stand. */
const looksOtherwise = /^([0-9a-f]{64}$|feed:\/\/|sha1:\/\/|sha1dir:\/\/)/i;

/** The name of a new feed itself, if it may be one, and cannot be taken for something else. Fails with `invalid-argument`. */
export function checkNewFeedName(name: string): string {
  if (!looksOtherwise.test(name)) return checkFeedName(name);
  throw new KacheryError('invalid-argument', `${quoted(name)} cannot be the name of a feed: it looks like an id or a URI. Choose another name.`, {
    field: 'name',
  });
}

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
