import { type handleServerStreamingCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { type ExecutionContext } from 'ava';

import {
  FeedServiceService,
  GetFeedResponse,
  type MessageBatch,
  type ReadMessagesRequest,
  ReadMessagesResponse,
  WatchMessagesResponse,
} from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { GetNodeResponse, NodeServiceService } from '../../gen/ts/kachery_p2p/v1/node_service.js';

/**
 * A server that gives itself out as a daemon that has a feed with one subfeed, and tells what `batches` gives as its messages, a response each element; closed
 * when the test ends. Resolves with its port at 127.0.0.1.
 */
export async function startLyingDaemon(t: ExecutionContext, feedId: string, batches: () => Iterable<readonly MessageBatch[]>): Promise<number> {
  const server = new Server();
  server.addService(
    { getNode: NodeServiceService.getNode },
    {
      getNode: (_call: unknown, answer: (error: null, response: GetNodeResponse) => void) => {
        answer(null, GetNodeResponse.create({ nodeId: 'a'.repeat(64), storageDir: '/nowhere' }));
      },
    },
  );
  const readMessages: handleServerStreamingCall<ReadMessagesRequest, ReadMessagesResponse> = (call) => {
    for (const response of batches()) call.write(ReadMessagesResponse.create({ batches: [...response] }));
    call.end();
  };
  const watchMessages: handleServerStreamingCall<unknown, WatchMessagesResponse> = (call) => {
    for (const response of batches()) call.write(WatchMessagesResponse.create({ batches: [...response] }));
  };
  const getFeed = (_call: unknown, answer: (error: null, response: GetFeedResponse) => void): void => {
    answer(null, GetFeedResponse.create({ feed: { feedId, name: undefined, isWriteable: false, createdAt: { seconds: 0n, nanos: 0 } } }));
  };
  const { getFeed: get, readMessages: read, watchMessages: watch } = FeedServiceService;
  server.addService({ getFeed: get, readMessages: read, watchMessages: watch }, { getFeed, readMessages, watchMessages });
  t.teardown(() => {
    server.forceShutdown();
  });
  return new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}
