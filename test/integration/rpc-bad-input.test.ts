import { status } from '@grpc/grpc-js';
import test from 'ava';
import { execFileSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type FailureReason } from '../../src/core/failure.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon } from '../support/daemon.js';
import { allOf, bearer, callOnce, connectRpc, dataRequest, errorOf, headerRequest, upload } from '../support/rpc-clients.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const sha1 = 'a'.repeat(40);

const malformedUris = [
  '',
  'sha1://',
  `sha1://${sha1.slice(1)}`,
  `sha1://${sha1}a`,
  `sha1://${sha1.toUpperCase()}`,
  `sha256://${sha1}`,
  'sha1://../../etc/passwd',
  '/etc/passwd',
  `file://${sha1}`,
  `sha1://${sha1}/label?manifest=${sha1}&manifest=${sha1}`,
  `sha1://${sha1}?manifest=x`,
  `sha1://${sha1}?other=${sha1}`,
  `sha1://${sha1}?chunkOf=${sha1}~10~5`,
  `sha1://${sha1}?chunkOf=${sha1}~-1~5`,
  `sha1://${sha1}/${'l'.repeat(10_000)}`,
  `sha1://${sha1}/${'l'.repeat(300)}`,
  `sha1://${sha1}/a\u0000b`,
  `sha1dir://${sha1}/../x`,
];

test.serial('a malformed URI is refused by every method that takes one, and named in the answer', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const owner = bearer(daemon.ownerToken);
  for (const uri of malformedUris) {
    const calls = [
      callOnce(files, 'statFile', { uri }, owner),
      allOf(files.loadFile({ uri, sources: undefined }, owner)),
      allOf(files.readFile({ uri, offset: 0n, length: 0n, sources: undefined }, owner)),
      allOf(files.findFile({ uri, sources: undefined }, owner)),
      callOnce(files, 'deleteFile', { uri }, owner),
      allOf(files.verifyFiles({ uris: [uri], quarantine: true }, owner)),
    ];
    for (const error of await Promise.all(calls.map(errorOf))) {
      t.is(error.code, status.INVALID_ARGUMENT, uri);
      const failure = failureFromServiceError(error);
      t.is(failure.reason, 'invalid-uri', uri);
      t.is(failure.details['uri'], uri.slice(0, 200));
    }
  }
});

test.serial('a deletion names a whole file, nothing else', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  for (const uri of [`sha1dir://${sha1}/a`, `sha1://${sha1}?chunkOf=${sha1}~0~5`]) {
    const error = await errorOf(callOnce(files, 'deleteFile', { uri }, bearer(daemon.ownerToken)));
    t.is(failureFromServiceError(error).reason, 'invalid-uri');
  }
});

test.serial('ranges beyond the end, of whatever size, are out of range', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const { file } = await upload(files, token, [headerRequest(), dataRequest(Buffer.from('0123456789'))]);
  for (const [offset, length] of [
    [11n, 0n],
    [0n, 11n],
    [10n, 1n],
    [2n ** 53n, 0n],
    [2n ** 63n, 2n ** 63n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
  ] as const) {
    const error = await errorOf(allOf(files.readFile({ uri: file?.uri ?? '', offset, length, sources: undefined }, token)));
    t.is(error.code, status.OUT_OF_RANGE, `${String(offset)} ${String(length)}`);
    t.is(failureFromServiceError(error).reason, 'range-beyond-end');
    t.is(failureFromServiceError(error).details['size'], '10');
  }
});

test.serial('batches, pages, hashes and upload ids have their limits', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const small = { content: Buffer.alloc(0), label: '' };
  const cases: [string, Promise<unknown>, FailureReason][] = [
    ['10,001 hashes', callOnce(files, 'findMissingFiles', { sha1s: Array<string>(10_001).fill(sha1) }, token), 'too-large'],
    ['a malformed hash', callOnce(files, 'findMissingFiles', { sha1s: [sha1, 'x'] }, token), 'invalid-hash'],
    ['1,001 files', callOnce(files, 'storeFiles', { files: Array<typeof small>(1_001).fill(small) }, token), 'too-large'],
    ['over 3 MiB of files', callOnce(files, 'storeFiles', { files: [{ content: Buffer.alloc(3 * 1024 * 1024 + 1), label: '' }] }, token), 'too-large'],
    ['10,001 URIs to read', allOf(files.readFiles({ uris: Array<string>(10_001).fill('') }, token)), 'too-large'],
    ['10,001 URIs to verify', allOf(files.verifyFiles({ uris: Array<string>(10_001).fill(''), quarantine: false }, bearer(daemon.ownerToken))), 'too-large'],
    ['a page of 10,001', callOnce(files, 'listFiles', { pageSize: 10_001, pageToken: '' }, token), 'invalid-argument'],
    ['a foreign page token', callOnce(files, 'listFiles', { pageSize: 1, pageToken: 'bm9wZQ' }, token), 'invalid-argument'],
    [
      'a page token with a tail',
      callOnce(files, 'listFiles', { pageSize: 1, pageToken: `${Buffer.from(`after-${sha1}`).toString('base64url')}=` }, token),
      'invalid-argument',
    ],
    ['a short upload id', callOnce(files, 'getUpload', { uploadId: 'short' }, token), 'invalid-argument'],
    ['an upload id that is a path', callOnce(files, 'getUpload', { uploadId: '../../../../etc/passwd' }, token), 'invalid-argument'],
    ['an unknown upload', callOnce(files, 'getUpload', { uploadId: 'x'.repeat(16) }, token), 'upload-not-found'],
  ];
  for (const [name, call, reason] of cases) t.is(failureFromServiceError(await errorOf(call)).reason, reason, name);
});

test.serial('a path of the daemon’s machine has to be an absolute path of a readable, regular file', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const owner = bearer(daemon.ownerToken);
  const folder = await temporaryFolder(t);
  const fifo = join(folder, 'fifo');
  const secret = join(folder, 'secret');
  execFileSync('mkfifo', [fifo]);
  await writeFile(secret, 'secret');
  await chmod(secret, 0o000);
  const cases: [string, FailureReason][] = [
    ['relative.txt', 'invalid-argument'],
    ['', 'invalid-argument'],
    [`${folder}/a\u0000b`, 'invalid-argument'],
    [join(folder, 'missing'), 'path-not-found'],
    [folder, 'not-a-regular-file'],
    [fifo, 'not-a-regular-file'],
    ['/dev/null', 'not-a-regular-file'],
  ];
  // The superuser may read everything.
  if (process.getuid?.() !== 0) cases.push([secret, 'path-not-permitted']);
  for (const [path, reason] of cases) {
    for (const method of ['storeLocalFile', 'linkFile'] as const) {
      t.is(failureFromServiceError(await errorOf(callOnce(files, method, { path, label: undefined }, owner))).reason, reason, `${method} ${path}`);
    }
  }
  await writeFile(join(folder, 'good'), 'good');
  const badLabel = callOnce(files, 'storeLocalFile', { path: join(folder, 'good'), label: 'a/b' }, owner);
  t.is(failureFromServiceError(await errorOf(badLabel)).reason, 'invalid-argument');
});
