import { status } from '@grpc/grpc-js';
import test from 'ava';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type FileInfo } from '../../gen/ts/kachery_p2p/v1/common.js';
import { type FileServiceClient } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon } from '../support/daemon.js';
import { allOf, bearer, callOnce, connectRpc, dataRequest, errorOf, headerRequest, upload } from '../support/rpc-clients.js';
import { generatedBytes } from '../support/temporary-storage.js';

const sha1Of = (content: Uint8Array): string => createHash('sha1').update(content).digest('hex');
type Token = ReturnType<typeof bearer>;

async function store(files: FileServiceClient, token: Token, content: Buffer, label = ''): Promise<FileInfo> {
  const { file } = await upload(files, token, [headerRequest({ label }), dataRequest(content)]);
  if (!file) throw new Error('The answer has no file.');
  return file;
}

async function read(files: FileServiceClient, token: Token, uri: string, offset = 0n, length = 0n): Promise<Buffer> {
  return Buffer.concat((await allOf(files.readFile({ uri, offset, length, sources: undefined }, token))).map(({ data }) => data));
}

test.serial('a file that is sent comes back byte for byte, whole and in ranges', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(3_000_000);
  const pieces = [content.subarray(0, 1_000_000), content.subarray(1_000_000, 1_000_001), Buffer.alloc(0), content.subarray(1_000_001)];

  const { file, alreadyStored } = await upload(files, token, [headerRequest({ label: 'noise.dat' }), ...pieces.map(dataRequest)]);
  t.false(alreadyStored);
  const uri = `sha1://${sha1Of(content)}/noise.dat`;
  t.like(file, { uri, sha1: sha1Of(content), sizeBytes: 3_000_000n });
  t.true((await readFile(file?.localPath ?? '')).equals(content));

  t.true((await read(files, token, uri)).equals(content));
  t.true((await read(files, token, uri, 999_999n, 1_500_000n)).equals(content.subarray(999_999, 2_499_999)));
  t.true((await read(files, token, uri, 2_999_999n)).equals(content.subarray(2_999_999)));
  t.is((await read(files, token, uri, 3_000_000n)).byteLength, 0);
});

test.serial('an empty file is a file', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const { file } = await upload(files, token, [headerRequest({ label: 'nothing' })]);
  t.is(file?.sizeBytes, 0n);
  t.is((await read(files, token, file?.uri ?? '')).byteLength, 0);
});

test.serial('what is stored can be asked for, found, listed page by page, loaded and deleted', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const [token, owner] = [bearer(daemon.clientToken), bearer(daemon.ownerToken)];
  const stored = [];
  for (let number = 0; number < 5; number++) stored.push(await store(files, token, Buffer.from(`file ${String(number)}`), `${String(number)}.txt`));
  const [first] = stored;
  const uri = first?.uri ?? '';

  t.deepEqual((await callOnce(files, 'statFile', { uri }, token)).file, first);
  const missing = ['0'.repeat(40), first?.sha1 ?? '', 'f'.repeat(40)];
  t.deepEqual((await callOnce(files, 'findMissingFiles', { sha1s: missing }, token)).missingSha1s, [missing[0], missing[2]]);
  t.deepEqual(await allOf(files.findFile({ uri, sources: undefined }, token)), [{ nodeId: daemon.nodeId, isLocal: true, sizeBytes: 6n, label: '' }]);
  t.deepEqual(await allOf(files.findFile({ uri: `sha1://${'0'.repeat(40)}`, sources: undefined }, token)), []);
  t.deepEqual((await allOf(files.loadFile({ uri, sources: undefined }, token))).at(-1)?.event, { $case: 'file', value: first });

  const listed: string[] = [];
  for (let pageToken = '', pages = 0; pages === 0 || pageToken !== ''; pages++) {
    const page = await callOnce(files, 'listFiles', { pageSize: 2, pageToken }, token);
    listed.push(...page.files.map(({ sha1 }) => sha1));
    t.true(page.files.length > 0);
    pageToken = page.nextPageToken;
  }
  t.deepEqual(listed, stored.map(({ sha1 }) => sha1).sort());

  t.is((await callOnce(files, 'deleteFile', { uri }, owner)).freedBytes, 6n);
  const error = await errorOf(callOnce(files, 'statFile', { uri }, token));
  t.is(error.code, status.NOT_FOUND);
  t.like(failureFromServiceError(error), { reason: 'file-not-found', details: { uri } });
});

test.serial('small files are stored and read in batches, each with a result of its own', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const contents = Array.from({ length: 300 }, (_, number) => generatedBytes(number * 50));
  const batch = contents.map((content, number) => ({ content, label: number === 7 ? 'a/b' : `${String(number)}.dat` }));

  const { results } = await callOnce(files, 'storeFiles', { files: batch }, token);
  t.is(results.length, 300);
  t.like(results[7]?.outcome, { $case: 'error', value: { code: status.INVALID_ARGUMENT, reason: 'INVALID_ARGUMENT' } });
  const uris = contents.map((content, number) => (number === 7 ? 'sha1://bad' : `sha1://${sha1Of(content)}/${String(number)}.dat`));
  for (const [number, { outcome }] of results.entries()) if (number !== 7) t.is(outcome?.$case === 'file' ? outcome.value.uri : outcome, uris[number]);

  const read = (await allOf(files.readFiles({ uris }, token))).flatMap((message) => message.results);
  t.is(read.length, 300);
  t.like(read[7]?.outcome, { $case: 'error', value: { code: status.INVALID_ARGUMENT, reason: 'INVALID_URI' } });
  for (const [number, { outcome }] of read.entries()) if (number !== 7) t.true(outcome?.$case === 'content' && outcome.value.equals(contents[number]!));
});

test.serial('a batch read brings more than fits into a message, in order', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const contents = [generatedBytes(1_048_576), generatedBytes(900_000), generatedBytes(900_001), generatedBytes(1_048_577)];
  const uris = await Promise.all(contents.map(async (content) => (await store(files, token, content)).uri));
  const messages = await allOf(files.readFiles({ uris }, token));
  t.true(messages.length >= 3);
  const outcomes = messages.flatMap(({ results }) => results.map(({ outcome }) => outcome));
  for (const [number, outcome] of outcomes.slice(0, 3).entries()) t.true(outcome?.$case === 'content' && outcome.value.equals(contents[number]!));
  t.like(outcomes[3], { $case: 'error', value: { code: status.INVALID_ARGUMENT, reason: 'TOO_LARGE' } });
});

test.serial('a chunk is served from the file that it is a part of, and stored by itself when it is loaded', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(2_500_000);
  const parent = await store(files, token, content, 'whole.dat');
  const chunk = content.subarray(1_000_000, 2_200_000);
  const uri = `sha1://${sha1Of(chunk)}?chunkOf=${parent.sha1}~1000000~2200000`;

  t.true((await read(files, token, uri)).equals(chunk));
  t.true((await read(files, token, uri, 100n, 1_150_000n)).equals(chunk.subarray(100, 1_150_100)));
  t.is((await errorOf(read(files, token, uri, 1_200_001n))).code, status.OUT_OF_RANGE);
  t.is((await errorOf(read(files, token, uri, 0n, 1_200_001n))).code, status.OUT_OF_RANGE);
  const before = await callOnce(files, 'statFile', { uri }, token);
  t.like(before.file, { sha1: sha1Of(chunk), sizeBytes: 1_200_000n, localPath: '' });

  const loaded = (await allOf(files.loadFile({ uri, sources: undefined }, token))).at(-1)?.event;
  t.true(loaded?.$case === 'file' && (await readFile(loaded.value.localPath)).equals(chunk));
  await callOnce(files, 'deleteFile', { uri: parent.uri }, bearer(daemon.ownerToken));
  t.true((await read(files, token, uri)).equals(chunk));
});

test.serial('a chunk whose bytes are others than its URI says is not served', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const parent = await store(files, token, generatedBytes(1_000), 'whole.dat');
  const lie = `sha1://${'a'.repeat(40)}?chunkOf=${parent.sha1}~0~500`;
  t.is((await errorOf(read(files, token, lie))).code, status.DATA_LOSS);
  t.is((await errorOf(allOf(files.loadFile({ uri: lie, sources: undefined }, token)))).code, status.DATA_LOSS);
  const results = (await allOf(files.readFiles({ uris: [lie] }, token)))[0]?.results;
  t.like(results?.[0]?.outcome, { $case: 'error', value: { reason: 'CONTENT_CORRUPT' } });
  const beyond = `sha1://${'a'.repeat(40)}?chunkOf=${parent.sha1}~500~1001`;
  t.is((await errorOf(read(files, token, beyond))).code, status.OUT_OF_RANGE);
  const orphan = `sha1://${'a'.repeat(40)}?chunkOf=${'b'.repeat(40)}~0~500`;
  t.is((await errorOf(read(files, token, orphan))).code, status.NOT_FOUND);
});

test.serial('a file in a directory is found through the directory’s listing', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = Buffer.from('inside');
  await store(files, token, content);
  const listing = { files: {}, dirs: { 'a b': { files: { 'c.txt': { size: 6, sha1: sha1Of(content) } }, dirs: {} } } };
  const { sha1 } = await store(files, token, Buffer.from(JSON.stringify(listing)));
  const uri = `sha1dir://${sha1}.label/a b/c.txt`;
  t.is((await read(files, token, uri)).toString(), 'inside');
  t.is((await callOnce(files, 'statFile', { uri }, token)).file?.uri, `sha1://${sha1Of(content)}/c.txt`);
  const outcomes = (await allOf(files.readFiles({ uris: [uri, `sha1dir://${sha1}/no`, uri] }, token))).flatMap(({ results }) => results);
  t.deepEqual(
    outcomes.map(({ outcome }) => (outcome?.$case === 'content' ? outcome.value.toString() : outcome?.value.reason)),
    ['inside', 'FILE_NOT_FOUND', 'inside'],
  );
  for (const path of ['a b/d.txt', 'a b', '']) t.is((await errorOf(read(files, token, `sha1dir://${sha1}/${path}`))).code, status.NOT_FOUND);
  t.is((await errorOf(read(files, token, `sha1dir://${'0'.repeat(40)}/x`))).code, status.NOT_FOUND);
});

test.serial('the owner stores and links files of the daemon’s machine; a linked file that changes is not served', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const owner = bearer(daemon.ownerToken);
  const folder = join(dirname(daemon.storageDir), 'own');
  await mkdir(folder);
  const [copied, linked] = [join(folder, 'copied?.dat'), join(folder, 'linked.dat')];
  await writeFile(copied, 'copied');
  await writeFile(linked, 'linked');

  const stored = await callOnce(files, 'storeLocalFile', { path: copied, label: undefined }, owner);
  t.is(stored.file?.uri, `sha1://${sha1Of(Buffer.from('copied'))}/copied_.dat`);
  t.false(stored.alreadyStored);
  t.true((await callOnce(files, 'storeLocalFile', { path: copied, label: 'x' }, owner)).alreadyStored);

  const { file } = await callOnce(files, 'linkFile', { path: linked, label: 'other.name' }, owner);
  t.like(file, { uri: `sha1://${sha1Of(Buffer.from('linked'))}/other.name`, localPath: linked });
  t.is((await read(files, owner, file?.uri ?? '')).toString(), 'linked');
  await writeFile(linked, 'LINKED');
  await utimes(linked, 1, 1);
  t.is((await errorOf(read(files, owner, file?.uri ?? ''))).code, status.DATA_LOSS);
});

test.serial('a stored file whose bytes were changed is found and put away', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const owner = bearer(daemon.ownerToken);
  const [good, bad] = [await store(files, owner, Buffer.from('good')), await store(files, owner, Buffer.from('bad one'))];
  await chmod(bad.localPath, 0o644);
  await writeFile(bad.localPath, 'bad two');

  const events = (await allOf(files.verifyFiles({ uris: [], quarantine: true }, owner))).map(({ event }) => event);
  t.like(events.at(-1), { $case: 'progress', value: { checkedFiles: 2n, badFiles: 1n } });
  const report = events.find((event) => event?.$case === 'badFile');
  t.like(report?.value, { sha1: bad.sha1, actualSha1: sha1Of(Buffer.from('bad two')), path: bad.localPath });
  t.true((await stat(report?.$case === 'badFile' ? report.value.quarantinePath : '')).isFile());
  t.is((await errorOf(callOnce(files, 'statFile', { uri: bad.uri }, owner))).code, status.NOT_FOUND);
  t.is((await read(files, owner, good.uri)).toString(), 'good');
});

test.serial('the node tells who it is, how much room there is and what moves', async (t) => {
  const daemon = await startTestDaemon(t, { arguments: ['--label', 'the lab'] });
  const { files, node } = connectRpc(t, daemon.address);
  const owner = bearer(daemon.ownerToken);
  const answer = await callOnce(node, 'getNode', {});
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  t.like(answer, { nodeId: daemon.nodeId, label: 'the lab', version, apiVersions: ['kachery_p2p.v1'], storageDir: daemon.storageDir });
  t.like(answer.limits, { maxBatchFiles: 1_000, maxMessageBytes: 8_388_608n });
  const usage = await callOnce(node, 'getStorageUsage', {}, owner);
  t.true(usage.capacityBytes >= usage.availableBytes && usage.availableBytes > 0n);

  const watch = node.watchTransfers({}, owner);
  const states: number[] = [];
  const finished = new Promise<void>((resolve) => {
    watch.on('data', ({ transfer }: { transfer?: { state: number; transferredBytes: bigint } }) => {
      states.push(transfer?.state ?? 0);
      if (transfer?.state === 2 && transfer.transferredBytes === 6n) resolve();
    });
  });
  const ended = new Promise<void>((resolve) =>
    watch.once('error', () => {
      resolve();
    }),
  );
  await store(files, owner, Buffer.from('moving'));
  await finished;
  t.is(states[0], 1);
  watch.cancel();
  await ended;
});
