import { type ClientReadableStream, type ClientWritableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

import { type HealthCheckResponse, HealthCheckResponse_ServingStatus as ServingStatus, HealthClient } from '../../gen/ts/grpc/health/v1/health.js';
import { ServerReflectionClient } from '../../gen/ts/grpc/reflection/v1/reflection.js';
import { FileServiceService, ReadFileRequest, type StoreFileRequest, type StoreFileResponse } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { startTestDaemon } from '../support/daemon.js';
import { startInProcessDaemon } from '../support/in-process-daemon.js';
import { connectRaw, grpcFrame, startRawCall } from '../support/raw-call.js';
import { bearer, connectRpc, dataRequest, errorOf, headerRequest, upload } from '../support/rpc-clients.js';
import { generatedBytes } from '../support/temporary-storage.js';

/** An upload that has sent its header and some of its data, and has been begun by the daemon. */
async function halfAnUpload(
  t: ExecutionContext,
  daemon: { address: string; clientToken: string; ownerToken: string },
): Promise<{ call: ClientWritableStream<StoreFileRequest>; answered: Promise<StoreFileResponse> }> {
  const { files, node } = connectRpc(t, daemon.address);
  const watch = node.watchTransfers({}, bearer(daemon.ownerToken));
  watch.on('error', () => undefined);
  const begun = once(watch, 'data');
  await once(watch, 'metadata');
  let call: ClientWritableStream<StoreFileRequest> | undefined;
  const answered = new Promise<StoreFileResponse>((resolve, reject) => {
    call = files.storeFile(bearer(daemon.clientToken), (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
    call.write(headerRequest({ sizeBytes: 2_000_000n }));
    call.write(dataRequest(generatedBytes(2_000_000).subarray(0, 1_000_000)));
  });
  answered.catch(() => undefined);
  await begun;
  return { call: call!, answered };
}

/** How a stream of the server's ends. */
function endOf(stream: ClientReadableStream<unknown>): Promise<ServiceError> {
  return new Promise((resolve) =>
    stream.once('error', (error) => {
      resolve(error as ServiceError);
    }),
  );
}

test.serial('a stopping daemon tells those who watch, and lets an upload come to its end', async (t) => {
  const daemon = await startTestDaemon(t);
  const { node } = connectRpc(t, daemon.address);
  const health = new HealthClient(daemon.address, credentials.createInsecure());
  const reflection = new ServerReflectionClient(daemon.address, credentials.createInsecure());
  t.teardown(() => {
    health.close();
    reflection.close();
  });
  const upload = await halfAnUpload(t, daemon);

  const watch = node.watchTransfers({}, bearer(daemon.ownerToken));
  await once(watch, 'data');
  const healthWatch = health.watch({ service: '' });
  const states: ServingStatus[] = [];
  healthWatch.on('data', (answer: HealthCheckResponse) => states.push(answer.status));
  await once(healthWatch, 'data');
  const question = reflection.serverReflectionInfo();
  question.write({ host: '', messageRequest: { $case: 'listServices', value: '' } });
  await once(question, 'data');

  const ends = Promise.all([endOf(watch), endOf(healthWatch), endOf(question)]);
  daemon.kill('SIGTERM');
  for (const error of await ends) {
    t.is(error.code, status.UNAVAILABLE);
    t.is(failureFromServiceError(error).reason, 'daemon-stopping');
  }
  t.deepEqual(states, [ServingStatus.SERVING, ServingStatus.NOT_SERVING]);

  upload.call.end(dataRequest(generatedBytes(2_000_000).subarray(1_000_000)));
  const { file } = await upload.answered;
  t.deepEqual(await daemon.ended, { code: 0, signal: null });
  t.true((await readFile(file?.localPath ?? '')).equals(generatedBytes(2_000_000)));
});

test.serial('clients that are connected and do nothing do not keep a daemon from stopping', async (t) => {
  const daemon = await startTestDaemon(t);
  const session = connectRaw(t, daemon.address);
  await once(session, 'remoteSettings');
  t.deepEqual(await daemon.stop(), { code: 0, signal: null });
});

test.serial('Ctrl-C stops a daemon as well', async (t) => {
  const daemon = await startTestDaemon(t);
  daemon.kill('SIGINT');
  t.deepEqual(await daemon.ended, { code: 0, signal: null });
});

test.serial('what goes on beyond the grace period is ended and told so', async (t) => {
  const daemon = await startInProcessDaemon(t, { shutdownGraceMs: 100 });
  const { answered } = await halfAnUpload(t, daemon);
  const stopped = daemon.stop();
  const error = await errorOf(answered);
  t.is(error.code, status.UNAVAILABLE);
  t.is(failureFromServiceError(error).reason, 'daemon-stopping');
  await stopped;
  await daemon.stopped;
});

test.serial('a client that takes nothing does not keep a daemon from stopping', async (t) => {
  const daemon = await startInProcessDaemon(t, { shutdownGraceMs: 100 });
  const pieces = Array.from({ length: 4 }, () => dataRequest(generatedBytes(1024 * 1024)));
  const { file } = await upload(connectRpc(t, daemon.address).files, bearer(daemon.clientToken), [headerRequest(), ...pieces]);
  const call = startRawCall(connectRaw(t, daemon.address), FileServiceService.readFile.path, daemon.clientToken);
  call.end(grpcFrame(ReadFileRequest.encode({ uri: file?.uri ?? '', offset: 0n, length: 0n, sources: undefined }).finish()));
  await once(call, 'response');
  await daemon.stop();
  t.pass();
});

test.serial('a daemon that is asked to stop twice stops once', async (t) => {
  const daemon = await startInProcessDaemon(t, {});
  await Promise.all([daemon.stop(), daemon.stop()]);
  await daemon.stop();
  await daemon.stopped;
  t.pass();
});
