import { ReadFileResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { decodeSingleBytesField, encodeBytesField } from './bytes-field.js';

const dataFieldNumber = 1;

/** A piece of a file on its way to a client; `headroomBytes` of its ArrayBuffer before `data` are unused. */
export interface OutgoingReadFileResponse extends ReadFileResponse {
  readonly headroomBytes?: number;
}

/** As `ReadFileResponse.encode`, without a copy where the data has headroom. */
export function encodeReadFileResponse(message: OutgoingReadFileResponse): Buffer {
  if (message.data.byteLength === 0) return Buffer.alloc(0);
  return encodeBytesField(dataFieldNumber, message.data, message.headroomBytes);
}

/** As `ReadFileResponse.decode`, but the data of a message in the usual encoding is a view on it. */
export function decodeReadFileResponse(bytes: Buffer): ReadFileResponse {
  const data = decodeSingleBytesField(dataFieldNumber, bytes);
  return data === undefined ? ReadFileResponse.decode(bytes) : { data };
}
