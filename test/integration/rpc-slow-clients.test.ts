import { Server, ServerCredentials, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { constants } from 'node:http2';
import { buffer } from 'node:stream/consumers';

import { FileServiceService, ReadFileRequest, type ReadFileResponse, StoreFileRequest, StoreFileResponse } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { TransferState, type WatchTransfersResponse } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { fileServiceDefinition } from '../../src/rpc/codec/file-service-definition.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { OpenCalls } from '../../src/rpc/interceptors/open-calls.js';
import { clientStreamHandler } from '../../src/rpc/streams/client-stream-handler.js';
import { serverStreamHandler } from '../../src/rpc/streams/server-stream-handler.js';
import { ReadBuffers } from '../../src/storage/read-buffers.js';
import { startInProcessDaemon } from '../support/in-process-daemon.js';
import { connectRaw, grpcFrame, startRawCall } from '../support/raw-call.js';
import { bearer, connectRpc, dataRequest, errorOf, headerRequest, upload } from '../support/rpc-clients.js';
import { generatedBytes } from '../support/temporary-storage.js';

const MiB = 1024 * 1024;

/** A server with our interceptors and handlers, and work of the test's own behind two of the methods. */
async function serve(
  t: ExecutionContext,
  methods: {
    readonly readFile?: () => AsyncIterable<ReadFileResponse>;
    readonly storeFile?: Parameters<typeof clientStreamHandler<StoreFileRequest, StoreFileResponse>>[0];
  },
  interceptor?: ServerInterceptor,
): Promise<string> {
  const idleMs = 60_000;
  const openCalls = new OpenCalls(new ReadBuffers(MiB, 1), { subscriptions: new Set(), idleMs });
  const server = new Server({
    interceptors: interceptor ? [openCalls.interceptor, interceptor] : [openCalls.interceptor],
    'grpc.max_receive_message_length': -1,
  });
  server.addService(
    { readFile: fileServiceDefinition.readFile, storeFile: fileServiceDefinition.storeFile },
    {
      readFile: serverStreamHandler(methods.readFile ?? (() => nothing()), { idleMs }),
      storeFile: clientStreamHandler(methods.storeFile ?? (() => Promise.reject(new Error('not used'))), {
        idleMs,
        aheadBytes: MiB,
        sizeOf: ({ part }) => (part?.$case === 'data' ? part.value.byteLength : 0),
      }),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  t.teardown(() => {
    server.forceShutdown();
  });
  return `127.0.0.1:${String(port)}`;
}

async function* nothing(): AsyncGenerator<ReadFileResponse> {
  // Not used by the test.
}

/** Resolves when a transfer has failed. */
async function whenTransferFailed(watch: AsyncIterable<WatchTransfersResponse>): Promise<void> {
  for await (const { transfer } of watch) if (transfer?.state === TransferState.TRANSFER_STATE_FAILED) return;
  throw new Error('The watch ended before a transfer failed.');
}

test.serial('a client that takes nothing is given up, and nothing is kept for it', async (t) => {
  const daemon = await startInProcessDaemon(t, { streamIdleMs: 1_000 });
  const { files, node } = connectRpc(t, daemon.address);
  const { file } = await upload(files, bearer(daemon.clientToken), [headerRequest(), ...Array.from({ length: 8 }, () => dataRequest(generatedBytes(MiB)))]);
  const watch = node.watchTransfers({}, bearer(daemon.ownerToken));
  watch.on('error', () => undefined);
  await once(watch, 'metadata');

  const call = startRawCall(connectRaw(t, daemon.address), FileServiceService.readFile.path, daemon.clientToken);
  const closed = once(call, 'close');
  call.end(grpcFrame(ReadFileRequest.encode({ uri: file?.uri ?? '', offset: 0n, length: 0n, sources: undefined }).finish()));
  await whenTransferFailed(watch as AsyncIterable<WatchTransfersResponse>);
  call.resume();
  await closed;
  t.is(call.rstCode, constants.NGHTTP2_CANCEL);
});

test.serial('a client that sends nothing is given up and told so', async (t) => {
  const daemon = await startInProcessDaemon(t, { streamIdleMs: 1_000 });
  const { files } = connectRpc(t, daemon.address);
  for (const requests of [[], [headerRequest()], [headerRequest(), dataRequest(Buffer.from('some'))]]) {
    const error = await errorOf(
      new Promise((resolve, reject) => {
        const call = files.storeFile(bearer(daemon.clientToken), (failure, response) => {
          if (failure) reject(failure);
          else resolve(response);
        });
        for (const request of requests) call.write(request);
      }),
    );
    t.is(error.code, status.DEADLINE_EXCEEDED);
    t.is(failureFromServiceError(error).reason, 'deadline-exceeded');
  }
});

test.serial('a client that reads slowly gets everything', async (t) => {
  const daemon = await startInProcessDaemon(t, { streamIdleMs: 60_000 });
  const { files } = connectRpc(t, daemon.address);
  const content = generatedBytes(5 * MiB + 1);
  const { file } = await upload(files, bearer(daemon.clientToken), [
    headerRequest(),
    dataRequest(content.subarray(0, 3 * MiB)),
    dataRequest(content.subarray(3 * MiB)),
  ]);
  const call = startRawCall(connectRaw(t, daemon.address), FileServiceService.readFile.path, daemon.clientToken);
  call.end(grpcFrame(ReadFileRequest.encode({ uri: file?.uri ?? '', offset: 0n, length: 0n, sources: undefined }).finish()));
  const hash = createHash('sha1');
  let sizeBytes = 0;
  for await (const piece of call as AsyncIterable<Buffer>) {
    sizeBytes += piece.byteLength;
    hash.update(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const messages = 6;
  const prefixBytes = 5 * (5 + 4) + (5 + 2);
  t.is(sizeBytes, content.byteLength + prefixBytes, `${String(messages)} messages`);
  t.is(call.rstCode, constants.NGHTTP2_NO_ERROR);
});

test.serial('no more than a few messages wait for a client that does not read', async (t) => {
  let made = 0;
  const address = await serve(t, {
    async *readFile() {
      for (; made < 100; made++) yield { data: Buffer.alloc(MiB) };
    },
  });
  const session = connectRaw(t, address);
  const call = startRawCall(session, FileServiceService.readFile.path, '');
  call.end(grpcFrame(Buffer.alloc(0)));
  await once(call, 'response');
  for (let round = 0; round < 5; round++)
    await new Promise<void>((resolve) =>
      session.ping(() => {
        resolve();
      }),
    );
  t.true(made <= 3, String(made));
  call.resume();
  await once(call, 'end');
  t.is(made, 100);
});

test.serial('a client that sends faster than the store takes is held back', async (t) => {
  let arrived = 0;
  const arrivals = new EventEmitter();
  const letGo = new EventEmitter();
  const countMessages: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMessage: (message: unknown, nextMessage) => {
            arrivals.emit('message', ++arrived);
            nextMessage(message);
          },
        });
      },
    });
  const storeFile = async (requests: { next(): Promise<StoreFileRequest | undefined> }): Promise<StoreFileResponse> => {
    await requests.next();
    await once(letGo, 'now');
    let taken = 1;
    while (await requests.next()) taken++;
    return { file: undefined, alreadyStored: taken === 64 };
  };
  const session = connectRaw(t, await serve(t, { storeFile }, countMessages));
  const call = startRawCall(session, FileServiceService.storeFile.path, '');
  const request = grpcFrame(StoreFileRequest.encode(dataRequest(Buffer.alloc(MiB / 4))).finish());
  call.end(Buffer.concat(Array<Buffer>(64).fill(request)));
  // One is being worked on, and as many more wait as make a MiB.
  while (arrived < 5) await once(arrivals, 'message');
  for (let round = 0; round < 20; round++)
    await new Promise<void>((resolve) =>
      session.ping(() => {
        resolve();
      }),
    );
  t.is(arrived, 5);
  letGo.emit('now');
  const answer = await buffer(call);
  t.true(StoreFileResponse.decode(answer.subarray(5)).alreadyStored);
  t.is(arrived, 64);
});
