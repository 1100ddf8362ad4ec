import { StoreFileRequest } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { decodeSingleBytesField, encodeBytesField } from './bytes-field.js';

const dataFieldNumber = 2;

/** A message of an upload on its way to the daemon; if it carries data, `headroomBytes` of the data's ArrayBuffer before it are unused. */
export interface OutgoingStoreFileRequest extends StoreFileRequest {
  readonly headroomBytes?: number;
}

/** As `StoreFileRequest.encode`, without a copy where the data has headroom. */
export function encodeStoreFileRequest(message: OutgoingStoreFileRequest): Buffer {
  if (message.part?.$case === 'data') return encodeBytesField(dataFieldNumber, message.part.value, message.headroomBytes);
  return Buffer.from(StoreFileRequest.encode(message).finish());
}

/** As `StoreFileRequest.decode`, but the data of a message in the usual encoding is a view on it. */
export function decodeStoreFileRequest(bytes: Buffer): StoreFileRequest {
  const data = decodeSingleBytesField(dataFieldNumber, bytes);
  return data === undefined ? StoreFileRequest.decode(bytes) : { part: { $case: 'data', value: data } };
}
