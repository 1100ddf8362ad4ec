import { type ClientWritableStream, type Metadata, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type FileServiceClient, type StoreFileRequest, type StoreFileResponse } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { type FailureReason } from '../../src/core/failure.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { bearer, callOnce, connectRpc, dataRequest, footerRequest, errorOf, headerRequest, upload } from '../support/rpc-clients.js';
import { generatedBytes } from '../support/temporary-storage.js';

const sha1Of = (content: Uint8Array): string => createHash('sha1').update(content).digest('hex');

/** Resolves when the daemon has logged the end of a call of this method, with the code of the end. */
async function whenLogged(daemon: TestDaemon, method: string, count = 1): Promise<string[]> {
  for (;;) {
    const ends = daemon.stderrLines.filter((line) => line.includes(`/${method}"`)).map((line) => (JSON.parse(line) as { code: string }).code);
    if (ends.length >= count) return ends;
    await daemon.nextLogLine();
  }
}

/** Resolves when something of an upload has reached the disk. */
async function whenKept(files: FileServiceClient, token: Metadata, uploadId: string): Promise<void> {
  let committedBytes = 0n;
  while (committedBytes === 0n) {
    const kept = await callOnce(files, 'getUpload', { uploadId }, token).catch(() => undefined);
    committedBytes = kept?.committedSizeBytes ?? 0n;
  }
}

async function temporaryFiles(daemon: TestDaemon): Promise<string[]> {
  return readdir(join(daemon.storageDir, 'tmp'));
}

/** An upload whose messages the test sends one by one. */
function startUpload(t: ExecutionContext, daemon: TestDaemon): { call: ClientWritableStream<StoreFileRequest>; ended: Promise<StoreFileResponse> } {
  const { files } = connectRpc(t, daemon.address);
  let call: ClientWritableStream<StoreFileRequest> | undefined;
  const ended = new Promise<StoreFileResponse>((resolve, reject) => {
    call = files.storeFile(bearer(daemon.clientToken), (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
  ended.catch(() => undefined);
  return { call: call!, ended };
}

async function send(call: ClientWritableStream<StoreFileRequest>, request: StoreFileRequest): Promise<void> {
  await new Promise<void>((resolve) =>
    call.write(request, () => {
      resolve();
    }),
  );
}

test.serial('what the header claims has to be true, and its fields have to make sense', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = Buffer.from('the content');
  const [sha1, sizeBytes] = [sha1Of(content), 11n];
  const data = dataRequest(content);
  const uploadId = 'x'.repeat(16);
  const cases: [string, StoreFileRequest[], FailureReason][] = [
    ['nothing at all', [], 'invalid-argument'],
    ['no header', [data], 'invalid-argument'],
    ['an empty message', [{ part: undefined }], 'invalid-argument'],
    ['a second header', [headerRequest(), data, headerRequest()], 'invalid-argument'],
    ['another hash', [headerRequest({ sha1: 'b'.repeat(40) }), data], 'hash-mismatch'],
    ['a larger size', [headerRequest({ sizeBytes: 12n }), data], 'size-mismatch'],
    ['a footer that does not come', [headerRequest({ hasFooter: true }), data], 'invalid-argument'],
    ['a footer that tells another size', [headerRequest({ hasFooter: true }), data, footerRequest(12n)], 'size-mismatch'],
    ['data behind the footer', [headerRequest({ hasFooter: true }), footerRequest(0n), data], 'invalid-argument'],
    ['a smaller size', [headerRequest({ sizeBytes: 10n }), data], 'size-mismatch'],
    ['the right hash, another size', [headerRequest({ sha1, sizeBytes: 12n }), data], 'size-mismatch'],
    ['a size beyond any disk', [headerRequest({ sizeBytes: 2n ** 62n }), data], 'invalid-argument'],
    ['a malformed hash', [headerRequest({ sha1: sha1.toUpperCase() }), data], 'invalid-hash'],
    ['a label with a slash', [headerRequest({ label: '../x' }), data], 'invalid-argument'],
    ['a label of 10,000 characters', [headerRequest({ label: 'l'.repeat(10_000) }), data], 'invalid-argument'],
    ['an offset without an upload', [headerRequest({ offset: 5n }), data], 'invalid-argument'],
    ['an upload without a hash', [headerRequest({ uploadId, sizeBytes }), data], 'invalid-argument'],
    ['an upload without a size', [headerRequest({ uploadId, sha1 }), data], 'invalid-argument'],
    ['an upload with a path for its id', [headerRequest({ uploadId: '../../../../tmp/xy', sha1, sizeBytes }), data], 'invalid-argument'],
    ['an upload at an offset that was not reached', [headerRequest({ uploadId, sha1, sizeBytes, offset: 5n }), data], 'upload-offset-mismatch'],
    ['a message of over 4 MiB', [headerRequest(), dataRequest(Buffer.alloc(4 * 1024 * 1024 + 1))], 'too-large'],
  ];
  for (const [name, requests, reason] of cases) t.is(failureFromServiceError(await errorOf(upload(files, token, requests))).reason, reason, name);
  t.deepEqual(await temporaryFiles(daemon), []);
  t.deepEqual((await callOnce(files, 'listFiles', { pageSize: 0, pageToken: '' }, token)).files, []);
  t.is((await upload(files, token, [headerRequest({ hasFooter: true }), data, footerRequest(11n)])).file?.sha1, sha1);
  t.is((await upload(files, token, [headerRequest({ sha1, sizeBytes }), data])).file?.sha1, sha1);
});

test.serial('content that is here already is answered before it is sent', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const content = generatedBytes(2_000_000);
  const header = headerRequest({ label: 'again', sha1: sha1Of(content), sizeBytes: 2_000_000n });
  t.false((await upload(files, bearer(daemon.clientToken), [header, dataRequest(content)])).alreadyStored);

  const { call, ended } = startUpload(t, daemon);
  await send(call, header);
  t.like(await ended, { alreadyStored: true, file: { uri: `sha1://${sha1Of(content)}/again` } });
  const again = startUpload(t, daemon);
  again.call.write(header);
  for (let piece = 0; piece < 20; piece++) again.call.write(dataRequest(content.subarray(0, 1_000_000)));
  t.true((await again.ended).alreadyStored);
});

test.serial('a client that gives up in mid-upload leaves nothing behind', async (t) => {
  const daemon = await startTestDaemon(t);
  const { call, ended } = startUpload(t, daemon);
  await send(call, headerRequest({ sizeBytes: 3_000_000n }));
  await send(call, dataRequest(generatedBytes(1_500_000)));
  call.cancel();
  t.is((await errorOf(ended)).code, status.CANCELLED);
  await whenLogged(daemon, 'StoreFile');
  await daemon.stop();
  t.deepEqual(await temporaryFiles(daemon), []);
  t.deepEqual(await readdir(join(daemon.storageDir, 'sha1')), []);
});

test.serial('a client that is killed in mid-upload leaves nothing behind', async (t) => {
  const daemon = await startTestDaemon(t);
  const program = `
    const { connectAndSendForEver } = await import(${JSON.stringify(new URL('../support/endless-upload.js', import.meta.url).href)});
    await connectAndSendForEver(${JSON.stringify(daemon.address)}, ${JSON.stringify(daemon.clientToken)});`;
  const client = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => client.kill('SIGKILL'));
  await once(client.stdout, 'data');
  t.is((await temporaryFiles(daemon)).length, 1);
  client.kill('SIGKILL');
  t.deepEqual(await whenLogged(daemon, 'StoreFile'), ['CANCELLED']);
  await daemon.stop();
  t.deepEqual(await temporaryFiles(daemon), []);
  t.deepEqual(await readdir(join(daemon.storageDir, 'sha1')), []);
});

test.serial('an upload that was interrupted goes on where it stopped, also after the daemon was killed', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(5_000_000);
  const claims = { uploadId: randomBytes(16).toString('hex'), sha1: sha1Of(content), sizeBytes: 5_000_000n };
  const { call, ended } = startUpload(t, daemon);
  await send(call, headerRequest(claims));
  await send(call, dataRequest(content.subarray(0, 2_000_000)));
  await whenKept(files, token, claims.uploadId);
  call.cancel();
  await errorOf(ended);
  await whenLogged(daemon, 'StoreFile');
  const kept = await callOnce(files, 'getUpload', { uploadId: claims.uploadId }, token);
  t.like(kept, { sha1: claims.sha1, sizeBytes: 5_000_000n });
  t.true(kept.committedSizeBytes <= 2_000_000n);

  const wrong = upload(files, token, [headerRequest({ ...claims, offset: kept.committedSizeBytes + 1n })]);
  t.like(failureFromServiceError(await errorOf(wrong)), { reason: 'upload-offset-mismatch', details: { committed_size: String(kept.committedSizeBytes) } });

  daemon.kill('SIGKILL');
  await daemon.ended;
  const after = await startTestDaemon(t, { storageDir: daemon.storageDir, configDir: daemon.configDir });
  const again = connectRpc(t, after.address).files;
  const { committedSizeBytes } = await callOnce(again, 'getUpload', { uploadId: claims.uploadId }, token);
  const rest = dataRequest(content.subarray(Number(committedSizeBytes)));
  const { file } = await upload(again, token, [headerRequest({ ...claims, offset: committedSizeBytes }), rest]);
  t.is(file?.sha1, claims.sha1);
  t.is(failureFromServiceError(await errorOf(callOnce(again, 'getUpload', { uploadId: claims.uploadId }, token))).reason, 'upload-not-found');
});

test.serial('an upload that ends early keeps what was sent', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(3_000_000);
  const claims = { uploadId: randomBytes(16).toString('hex'), sha1: sha1Of(content), sizeBytes: 3_000_000n };
  const early = upload(files, token, [headerRequest(claims), dataRequest(content.subarray(0, 1_000_000))]);
  t.is(failureFromServiceError(await errorOf(early)).reason, 'size-mismatch');
  t.is((await callOnce(files, 'getUpload', { uploadId: claims.uploadId }, token)).committedSizeBytes, 1_000_000n);
  const { file } = await upload(files, token, [headerRequest({ ...claims, offset: 1_000_000n }), dataRequest(content.subarray(1_000_000))]);
  t.is(file?.sha1, claims.sha1);
});

test.serial('an upload that is aborted leaves nothing, whether it is under way, interrupted or unknown', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files, node } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(3_000_000);
  const claims = { uploadId: randomBytes(16).toString('hex'), sha1: sha1Of(content), sizeBytes: 3_000_000n };
  const abort = () => callOnce(files, 'abortUpload', { uploadId: claims.uploadId }, token);
  const uploads = async () => (await callOnce(node, 'getStorageUsage', {}, token)).uploads;

  await errorOf(upload(files, token, [headerRequest(claims), dataRequest(content.subarray(0, 1_000_000))]));
  t.is(await uploads(), 1);
  await abort();
  t.is(await uploads(), 0);
  await abort();

  const { call, ended } = startUpload(t, daemon);
  await send(call, headerRequest(claims));
  await send(call, dataRequest(content.subarray(0, 1_000_000)));
  await whenKept(files, token, claims.uploadId);
  await abort();
  t.is(failureFromServiceError(await errorOf(ended)).reason, 'cancelled');
  t.is(await uploads(), 0);
});

test.serial('a client that comes back takes its upload over from the call that it lost', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(3_000_000);
  const claims = { uploadId: randomBytes(16).toString('hex'), sha1: sha1Of(content), sizeBytes: 3_000_000n };
  const lost = startUpload(t, daemon);
  await send(lost.call, headerRequest(claims));
  await send(lost.call, dataRequest(content.subarray(0, 1_000_000)));
  await whenKept(files, token, claims.uploadId);

  const tooEarly = await errorOf(upload(files, token, [headerRequest({ ...claims, offset: 999_999_999n })]));
  t.is((await errorOf(lost.ended)).code, status.CANCELLED);
  const committed = Number(failureFromServiceError(tooEarly).details['committed_size']);
  t.true(committed > 0 && committed <= 1_000_000);
  const rest = dataRequest(content.subarray(committed));
  t.is((await upload(files, token, [headerRequest({ ...claims, offset: BigInt(committed) }), rest])).file?.sha1, claims.sha1);
});
