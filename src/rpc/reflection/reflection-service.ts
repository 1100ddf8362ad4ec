import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { readFile } from 'node:fs/promises';

import {
  type ErrorResponse,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  type ServerReflectionServer,
} from '../../../gen/ts/grpc/reflection/v1/reflection.js';
import { KacheryError } from '../../core/failure.js';
import { contextOf } from '../call-context.js';
import { MessageReader } from '../streams/message-reader.js';
import { MessageWriter } from '../streams/message-writer.js';
import { type DescriptorIndex } from './descriptor-index.js';

type ReflectionCall = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;
type Answer = ServerReflectionResponse['messageResponse'];

/**
 * ServerReflection, v1 and v1alpha alike (their messages are the same), over the descriptor set at `descriptorPath`. What it needs is loaded when somebody
 * asks for the first time.
 *
 * @param serviceNames Full names of the services that the server has.
 * @param options.idleMs How long a client may leave its stream open without a question.
 */
export function reflectionService(
  descriptorPath: URL,
  serviceNames: readonly string[],
  options: { readonly idleMs: number },
): Pick<ServerReflectionServer, 'serverReflectionInfo'> {
  let index: Promise<DescriptorIndex> | undefined;
  const answerAll = async (call: ReflectionCall): Promise<void> => {
    const { signal } = contextOf(call);
    const requests = new MessageReader<ServerReflectionRequest>(call, { signal, ...options, aheadBytes: 1, sizeOf: () => 1 });
    const responses = new MessageWriter<ServerReflectionResponse>(call, { signal, ...options });
    const known = new Set<string>();
    for (let request = await requests.next(); request; request = await requests.next()) {
      const answer = answerOf(request, await (index ??= loadIndex(descriptorPath)), serviceNames, known);
      await responses.send({ validHost: request.host, originalRequest: request, messageResponse: answer });
    }
  };
  return {
    serverReflectionInfo: (call) => {
      const context = contextOf(call);
      answerAll(call).then(
        () => {
          call.end();
        },
        (error: unknown) => {
          call.emit('error', context.statusOf(error));
        },
      );
    },
  };
}

async function loadIndex(descriptorPath: URL): Promise<DescriptorIndex> {
  const { DescriptorIndex } = await import('./descriptor-index.js');
  return new DescriptorIndex(await readFile(descriptorPath));
}

function answerOf({ messageRequest }: ServerReflectionRequest, index: DescriptorIndex, serviceNames: readonly string[], known: Set<string>): Answer {
  switch (messageRequest?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: serviceNames.map((name) => ({ name })) } };
    case 'fileByFilename':
      return filesAnswer(index, index.file(messageRequest.value), known, `the file ${messageRequest.value}`);
    case 'fileContainingSymbol':
      return filesAnswer(index, index.fileOfSymbol(messageRequest.value), known, `the symbol ${messageRequest.value}`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return filesAnswer(index, file, known, `an extension ${String(extensionNumber)} of ${containingType}`);
    }
    case 'allExtensionNumbersOfType': {
      const extensionNumber = index.extensionNumbers(messageRequest.value);
      if (!extensionNumber) return notFound(`the message ${messageRequest.value}`);
      return { $case: 'allExtensionNumbersResponse', value: { baseTypeName: messageRequest.value, extensionNumber } };
    }
    case undefined:
      throw new KacheryError('invalid-argument', 'A reflection request must ask something: message_request is not set.', { field: 'message_request' });
  }
}

function filesAnswer(index: DescriptorIndex, file: ReturnType<DescriptorIndex['file']>, known: Set<string>, what: string): Answer {
  if (!file) return notFound(what);
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: index.withImports(file, known) } };
}

function notFound(what: string): Answer {
  const value: ErrorResponse = { errorCode: status.NOT_FOUND, errorMessage: `This server does not know ${what}.` };
  return { $case: 'errorResponse', value };
}
