import { PeerServiceService, ReadFilesResponse } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { decodeReadFileResponse, encodeReadFileResponse } from './read-file-response-codec.js';
import { decodeSmallContents, encodeSmallContents } from './small-contents-codec.js';

/** The generated definition of PeerService, with the fast codecs for the bytes of files: its responses have the fields of FileService's. */
export const peerServiceDefinition: PeerServiceService = {
  ...PeerServiceService,
  readFile: { ...PeerServiceService.readFile, responseSerialize: encodeReadFileResponse, responseDeserialize: decodeReadFileResponse },
  readFiles: {
    ...PeerServiceService.readFiles,
    responseSerialize: (message) => encodeSmallContents(message) ?? Buffer.from(ReadFilesResponse.encode(message).finish()),
    responseDeserialize: decodeReadFilesResponse,
  },
};

function decodeReadFilesResponse(message: Buffer): ReadFilesResponse {
  const contents = decodeSmallContents(message);
  return contents ? { results: contents.map((value) => ({ outcome: { $case: 'content', value } })) } : ReadFilesResponse.decode(message);
}
