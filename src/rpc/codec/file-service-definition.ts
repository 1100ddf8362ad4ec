import { FileServiceService, ReadFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { decodeReadFileResponse, encodeReadFileResponse } from './read-file-response-codec.js';
import { encodeSmallContents } from './small-contents-codec.js';
import { decodeStoreFileRequest, encodeStoreFileRequest } from './store-file-request-codec.js';

/** The generated definition of FileService, with the messages that carry bulk data read and written by codecs that copy them less or not at all. */
export const fileServiceDefinition: FileServiceService = {
  ...FileServiceService,
  storeFile: { ...FileServiceService.storeFile, requestSerialize: encodeStoreFileRequest, requestDeserialize: decodeStoreFileRequest },
  readFile: { ...FileServiceService.readFile, responseSerialize: encodeReadFileResponse, responseDeserialize: decodeReadFileResponse },
  readFiles: {
    ...FileServiceService.readFiles,
    responseSerialize: (message) => encodeSmallContents(message) ?? Buffer.from(ReadFilesResponse.encode(message).finish()),
  },
};
