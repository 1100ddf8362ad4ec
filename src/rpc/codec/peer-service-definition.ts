import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { decodeReadFileResponse, encodeReadFileResponse } from './read-file-response-codec.js';

/** The generated definition of PeerService, with the fast codec for the bytes of files: its response has the field of FileService's. */
export const peerServiceDefinition = {
  ...PeerServiceService,
  readFile: { ...PeerServiceService.readFile, responseSerialize: encodeReadFileResponse, responseDeserialize: decodeReadFileResponse },
};
