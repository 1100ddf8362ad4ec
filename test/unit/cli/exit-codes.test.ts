import test from 'ava';

import { exitCodeOf, exitCodeOfReason } from '../../../src/cli/exit-codes.js';
import { failureReasons, KacheryError } from '../../../src/core/failure.js';

/** What scripts rely on. */
const published: Readonly<Record<number, readonly string[]>> = {
  1: ['internal'],
  2: [
    'invalid-uri',
    'invalid-hash',
    'invalid-range',
    'invalid-argument',
    'too-large',
    'not-a-regular-file',
    'size-mismatch',
    'hash-mismatch',
    'channel-invalid',
  ],
  3: ['file-not-found', 'path-not-found', 'upload-not-found', 'feed-not-found', 'mutable-not-found', 'channel-not-joined', 'mirror-not-found'],
  4: ['daemon-stopping', 'daemon-not-running', 'deadline-exceeded', 'channel-unavailable', 'node-unreachable'],
  5: ['path-not-permitted', 'owner-only', 'token-missing', 'token-invalid', 'submit-not-allowed', 'not-authorized'],
  6: ['content-corrupt', 'disk-failed', 'feed-forked', 'sources-failed'],
  7: ['disk-full', 'too-busy'],
  8: ['file-changed', 'upload-offset-mismatch', 'already-exists', 'append-conflict', 'mutable-conflict'],
  9: ['storage-not-writable', 'offline', 'storage-mismatch', 'already-running', 'not-supported', 'feed-not-writeable'],
  10: ['range-beyond-end', 'position-beyond-end'],
  130: ['cancelled'],
};

test('every reason has the published exit code', (t) => {
  const actual = Object.keys(published).map((code) => failureReasons.filter((reason) => exitCodeOfReason(reason) === Number(code)));
  t.deepEqual(actual, Object.values(published));
  t.is(actual.flat().length, failureReasons.length);
});

test('an error that is none of ours is internal', (t) => {
  t.is(exitCodeOf(new TypeError('x')), 1);
  t.is(exitCodeOf(undefined), 1);
  t.is(exitCodeOf(new KacheryError('offline', 'x')), 9);
});
