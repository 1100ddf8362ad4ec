import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { credentials, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';

import { type ServerReflectionRequest, ServerReflectionClient, type ServerReflectionResponse } from '../../gen/ts/grpc/reflection/v1/reflection.js';
import { ServerReflectionClient as ServerReflectionAlphaClient } from '../../gen/ts/grpc/reflection/v1alpha/reflection.js';
import { startTestDaemon } from '../support/daemon.js';

type Question = NonNullable<ServerReflectionRequest['messageRequest']>;

/** Asks on a stream of its own, and resolves with the answers. */
async function ask(
  t: ExecutionContext,
  client: ServerReflectionClient | ServerReflectionAlphaClient,
  questions: readonly Question[],
): Promise<ServerReflectionResponse[]> {
  t.teardown(() => {
    client.close();
  });
  const call = client.serverReflectionInfo();
  const answers: ServerReflectionResponse[] = [];
  call.on('data', (answer: ServerReflectionResponse) => answers.push(answer));
  const ended = once(call, 'end');
  for (const messageRequest of questions) call.write({ host: 'h', messageRequest });
  call.end();
  await ended;
  return answers;
}

function fileNames(answer: ServerReflectionResponse | undefined): string[] {
  const response = answer?.messageResponse;
  if (response?.$case !== 'fileDescriptorResponse') throw new Error(`No files: ${JSON.stringify(response)}`);
  return response.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

for (const [version, Client] of [
  ['v1', ServerReflectionClient],
  ['v1alpha', ServerReflectionAlphaClient],
] as const) {
  test.serial(`reflection ${version} tells all services, and each symbol with what it is made of`, async (t) => {
    const { address } = await startTestDaemon(t);
    const client = (): ServerReflectionClient => new Client(address, credentials.createInsecure());
    const [list] = await ask(t, client(), [{ $case: 'listServices', value: '' }]);
    t.is(list?.originalRequest?.host, 'h');
    const services = list?.messageResponse?.$case === 'listServicesResponse' ? list.messageResponse.value.service.map(({ name }) => name) : [];
    t.deepEqual(services.sort(), [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'kachery_p2p.v1.ChannelService',
      'kachery_p2p.v1.FeedService',
      'kachery_p2p.v1.FileService',
      'kachery_p2p.v1.MirrorService',
      'kachery_p2p.v1.MutableService',
      'kachery_p2p.v1.NodeService',
    ]);

    const symbols = [
      ...services,
      'kachery_p2p.v1.FileService.StoreFile',
      'kachery_p2p.v1.StoreFileHeader',
      'kachery_p2p.v1.StoreFileHeader.size_bytes',
      'kachery_p2p.v1.StoreFileRequest.part',
      'kachery_p2p.v1.FileLocation',
      'kachery_p2p.v1.FILE_LOCATION_LINKED',
      'kachery_p2p.v1.ErrorReason',
      'google.rpc.ErrorInfo',
      'google.rpc.RetryInfo',
      'google.rpc.Status',
      'google.protobuf.Timestamp',
      'google.protobuf.Any',
    ];
    for (const symbol of symbols) t.true(fileNames((await ask(t, client(), [{ $case: 'fileContainingSymbol', value: symbol }]))[0]).length > 0, symbol);
  });
}

test.serial('a file comes first, its imports come once a stream', async (t) => {
  const { address } = await startTestDaemon(t);
  const answers = await ask(t, new ServerReflectionClient(address, credentials.createInsecure()), [
    { $case: 'fileByFilename', value: 'kachery_p2p/v1/node_service.proto' },
    { $case: 'fileContainingSymbol', value: 'kachery_p2p.v1.NodeService' },
    { $case: 'fileByFilename', value: 'google/protobuf/timestamp.proto' },
    { $case: 'fileContainingSymbol', value: 'google.rpc.ErrorInfo' },
  ]);
  t.deepEqual(answers.map(fileNames), [
    ['kachery_p2p/v1/node_service.proto', 'google/protobuf/timestamp.proto'],
    ['kachery_p2p/v1/node_service.proto'],
    ['google/protobuf/timestamp.proto'],
    ['google/rpc/error_details.proto', 'google/protobuf/duration.proto'],
  ]);
});

test.serial('what is not known is told, and the stream goes on', async (t) => {
  const { address } = await startTestDaemon(t);
  const answers = await ask(t, new ServerReflectionClient(address, credentials.createInsecure()), [
    { $case: 'fileByFilename', value: 'no/such/file.proto' },
    { $case: 'fileContainingSymbol', value: 'no.such.Symbol' },
    { $case: 'fileContainingExtension', value: { containingType: 'kachery_p2p.v1.FileInfo', extensionNumber: 100 } },
    { $case: 'allExtensionNumbersOfType', value: 'no.such.Message' },
    { $case: 'allExtensionNumbersOfType', value: 'kachery_p2p.v1.FileInfo' },
  ]);
  for (const { messageResponse } of answers.slice(0, 4)) t.like(messageResponse, { $case: 'errorResponse', value: { errorCode: status.NOT_FOUND } });
  t.deepEqual(answers[4]?.messageResponse, {
    $case: 'allExtensionNumbersResponse',
    value: { baseTypeName: 'kachery_p2p.v1.FileInfo', extensionNumber: [] },
  });
});
