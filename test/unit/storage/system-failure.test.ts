import test from 'ava';

import { type FailureReason, KacheryError } from '../../../src/core/failure.js';
import { localFileFailure, storageFailure } from '../../../src/storage/system-failure.js';

/** What each error of the operating system means in the storage directory, and on a file. */
const meanings: Readonly<Record<string, { readonly storage?: FailureReason; readonly file?: FailureReason }>> = {
  ENOSPC: { storage: 'disk-full' },
  EDQUOT: { storage: 'disk-full' },
  EFBIG: { storage: 'disk-full' },
  EROFS: { storage: 'storage-not-writable' },
  EACCES: { storage: 'storage-not-writable', file: 'path-not-permitted' },
  EPERM: { storage: 'storage-not-writable', file: 'path-not-permitted' },
  ENOENT: { file: 'path-not-found' },
  ENOTDIR: { file: 'path-not-found' },
  EISDIR: { file: 'not-a-regular-file' },
  ELOOP: { file: 'invalid-argument' },
  EIO: { storage: 'disk-failed', file: 'disk-failed' },
  EMFILE: { storage: 'too-busy', file: 'too-busy' },
  ENFILE: { storage: 'too-busy', file: 'too-busy' },
  ESTALE: {},
};

for (const [code, { storage, file }] of Object.entries(meanings)) {
  test(`${code} means ${storage ?? 'nothing'} in the storage directory and ${file ?? 'nothing'} on a file`, (t) => {
    const error = Object.assign(new Error(code), { code });
    check(storageFailure(error, '/some/where'), storage);
    check(localFileFailure(error, '/some/where'), file);

    function check(failure: unknown, reason: FailureReason | undefined): void {
      if (reason === undefined) {
        t.is(failure, error);
        return;
      }
      t.true(failure instanceof KacheryError);
      t.like(failure, { reason, cause: error });
      t.true(failure instanceof Error && failure.message.includes(reason === 'too-busy' ? code : '/some/where'));
    }
  });
}

test('a failure that is explained already stays as it is', (t) => {
  const failure = new KacheryError('content-corrupt', 'explained');
  t.is(storageFailure(failure, '/some/where'), failure);
  t.is(localFileFailure(failure, '/some/where'), failure);
});
