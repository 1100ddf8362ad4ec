import { type CallOptions, type Client, type ClientReadableStream, type ClientUnaryCall, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';

import { ChannelServiceClient } from '../../gen/ts/kachery_p2p/v1/channel_service.js';
import { FeedServiceClient } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { FileServiceClient, type StoreFileHeader, type StoreFileRequest, type StoreFileResponse } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { MutableServiceClient } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { NodeServiceClient } from '../../gen/ts/kachery_p2p/v1/node_service.js';

/** Generated clients of a daemon, with nothing of ours in between; closed when the test ends. */
export interface RpcClients {
  readonly files: FileServiceClient;
  readonly node: NodeServiceClient;
  readonly feeds: FeedServiceClient;
  readonly mutables: MutableServiceClient;
  readonly channels: ChannelServiceClient;
}

/** Clients on a connection of their own. */
export function connectRpc(t: ExecutionContext, address: string): RpcClients {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };
  const clients = {
    files: new FileServiceClient(address, credentials.createInsecure(), options),
    node: new NodeServiceClient(address, credentials.createInsecure(), options),
    feeds: new FeedServiceClient(address, credentials.createInsecure(), options),
    mutables: new MutableServiceClient(address, credentials.createInsecure(), options),
    channels: new ChannelServiceClient(address, credentials.createInsecure(), options),
  };
  t.teardown(() => {
    for (const client of Object.values(clients)) client.close();
  });
  return clients;
}

/** Metadata that carries a token. */
export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** What a unary method of a generated client takes and gives: the types of its last overload. */
type Unary<Method> = Method extends (
  request: infer Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: infer Response) => void,
) => ClientUnaryCall
  ? { readonly request: Request; readonly response: Response }
  : never;

/** Calls a unary method. */
export function callOnce<Services, Name extends keyof Services & string>(
  client: Services & Client,
  name: Name,
  request: Unary<Services[Name]>['request'],
  metadata: Metadata = new Metadata(),
): Promise<Unary<Services[Name]>['response']> {
  const method = client[name] as (request: unknown, metadata: Metadata, callback: (error: ServiceError | null, response: unknown) => void) => unknown;
  return new Promise((resolve, reject) => {
    method.call(client, request, metadata, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

/** Everything that a stream brings. */
export async function allOf<Message>(stream: ClientReadableStream<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream as AsyncIterable<Message>) messages.push(message);
  return messages;
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => {
      throw new Error('The call succeeded, although it should have failed.');
    },
    (error: unknown) => error as ServiceError,
  );
}

/** The first message of an upload. */
export function headerRequest(header: Partial<StoreFileHeader> = {}): StoreFileRequest {
  return {
    part: { $case: 'header', value: { label: '', sizeBytes: undefined, sha1: undefined, uploadId: undefined, offset: 0n, hasFooter: false, ...header } },
  };
}

/** A message of an upload that carries data. */
export function dataRequest(data: Buffer): StoreFileRequest {
  return { part: { $case: 'data', value: data } };
}

/** The last message of an upload whose header announces it. */
export function footerRequest(sizeBytes: bigint): StoreFileRequest {
  return { part: { $case: 'footer', value: { sizeBytes } } };
}

/** Sends all messages of an upload, no faster than they are taken, and resolves with the answer, which may come before all are sent. */
export async function upload(client: FileServiceClient, metadata: Metadata, requests: Iterable<StoreFileRequest>): Promise<StoreFileResponse> {
  return new Promise((resolve, reject) => {
    const call = client.storeFile(metadata, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
    void (async () => {
      for (const request of requests) {
        if (call.destroyed) return;
        await new Promise<void>((resolveWrite) => {
          call.write(request, () => {
            resolveWrite();
          });
        });
      }
      call.end();
    })();
  });
}
