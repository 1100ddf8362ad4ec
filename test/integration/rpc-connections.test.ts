import { credentials, Metadata, status } from '@grpc/grpc-js';
import test from 'ava';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { HealthCheckResponse_ServingStatus as ServingStatus, HealthClient } from '../../gen/ts/grpc/health/v1/health.js';
import { limits } from '../../src/core/limits.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon } from '../support/daemon.js';
import { connectRaw } from '../support/raw-call.js';
import { allOf, bearer, callOnce, connectRpc, dataRequest, errorOf, headerRequest, upload } from '../support/rpc-clients.js';
import { generatedBytes } from '../support/temporary-storage.js';

const sha1Of = (content: Uint8Array): string => createHash('sha1').update(content).digest('hex');

test.serial('the windows that uploads get are wide enough for a long way', async (t) => {
  const daemon = await startTestDaemon(t);
  const session = connectRaw(t, daemon.address);
  const [settings] = (await once(session, 'remoteSettings')) as [{ initialWindowSize: number; maxConcurrentStreams: number; maxFrameSize: number }];
  t.is(settings.initialWindowSize, limits.flowControlWindowBytes);
  t.is(settings.maxConcurrentStreams, limits.maxConcurrentStreams);
  await new Promise<void>((resolve) =>
    session.ping(() => {
      resolve();
    }),
  );
  t.is(session.state.remoteWindowSize, limits.flowControlWindowBytes);
  t.false(daemon.stderrLines.some((line) => line.includes('flow-control')));
});

test.serial('a message over the limit is refused with both sizes, and the connection goes on', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = Buffer.alloc(limits.maxMessageBytes);
  for (const call of [
    upload(files, token, [headerRequest(), dataRequest(content)]),
    callOnce(files, 'storeFiles', { files: [{ content, label: '' }] }, token),
    callOnce(files, 'findMissingFiles', { sha1s: [content.toString('latin1')] }, token),
  ]) {
    const error = await errorOf(call);
    t.is(error.code, status.RESOURCE_EXHAUSTED);
    const failure = failureFromServiceError(error);
    t.is(failure.reason, 'too-large');
    t.is(failure.details['limit'], String(limits.maxMessageBytes));
  }
  t.is((await upload(files, token, [headerRequest(), dataRequest(Buffer.from('small'))])).file?.sizeBytes, 5n);
  t.true(daemon.stderrLines.some((line) => line.includes('StoreFile"') && line.includes('RESOURCE_EXHAUSTED')));
});

test.serial('health is told for the server and for each service, without a token', async (t) => {
  const daemon = await startTestDaemon(t);
  const client = new HealthClient(daemon.address, credentials.createInsecure());
  t.teardown(() => {
    client.close();
  });
  const services = [
    '',
    'kachery_p2p.v1.ChannelService',
    'kachery_p2p.v1.FeedService',
    'kachery_p2p.v1.FileService',
    'kachery_p2p.v1.MirrorService',
    'kachery_p2p.v1.MutableService',
    'kachery_p2p.v1.NodeService',
  ];
  for (const service of services) {
    t.is((await callOnce(client, 'check', { service })).status, ServingStatus.SERVING);
  }
  t.is((await errorOf(callOnce(client, 'check', { service: 'no.such.Service' }))).code, status.NOT_FOUND);
  t.deepEqual(Object.keys((await callOnce(client, 'list', {})).statuses).sort(), services);
  const watch = client.watch({ service: 'no.such.Service' });
  t.deepEqual(await once(watch, 'data'), [{ status: ServingStatus.SERVICE_UNKNOWN }]);
  watch.on('error', () => undefined).cancel();
});

test.serial('a method that there is not is told as such', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const echo = (bytes: Buffer): Buffer => bytes;
  const call = new Promise((resolve, reject) => {
    files.makeUnaryRequest('/kachery_p2p.v1.TaskService/RunTask', echo, echo, Buffer.alloc(0), new Metadata(), (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
  const error = await errorOf(call);
  t.is(error.code, status.UNIMPLEMENTED);
  t.is(failureFromServiceError(error).reason, 'not-supported');
});

test.serial('200 clients at once store and read, each gets its own', async (t) => {
  const daemon = await startTestDaemon(t);
  const token = bearer(daemon.clientToken);
  const sizes = await Promise.all(
    Array.from({ length: 200 }, async (_, number) => {
      const { files } = connectRpc(t, daemon.address);
      const content = Buffer.concat([Buffer.from(`client ${String(number)} `), generatedBytes(10_000 + number)]);
      const { file } = await upload(files, token, [headerRequest({ label: String(number) }), dataRequest(content)]);
      const pieces = await allOf(files.readFile({ uri: file?.uri ?? '', offset: 0n, length: 0n, sources: undefined }, token));
      t.true(Buffer.concat(pieces.map(({ data }) => data)).equals(content));
      return file?.sizeBytes;
    }),
  );
  t.is(sizes.length, 200);
  t.is((await callOnce(connectRpc(t, daemon.address).files, 'listFiles', { pageSize: 1_000, pageToken: '' }, token)).files.length, 200);
});

test.serial('64 clients that store the same content at once share one copy', async (t) => {
  const daemon = await startTestDaemon(t);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(700_000);
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, number) => {
      const header = headerRequest(number % 2 === 0 ? {} : { sha1: sha1Of(content), sizeBytes: 700_000n });
      return upload(connectRpc(t, daemon.address).files, token, [header, dataRequest(content)]);
    }),
  );
  t.deepEqual(new Set(answers.map(({ file }) => file?.sha1)), new Set([sha1Of(content)]));
  t.deepEqual(await readdir(join(daemon.storageDir, 'tmp')), []);
  const { files } = await callOnce(connectRpc(t, daemon.address).files, 'listFiles', { pageSize: 0, pageToken: '' }, token);
  t.is(files.length, 1);
});
