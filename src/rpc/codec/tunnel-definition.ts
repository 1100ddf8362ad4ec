import {
  AcceptTunnelRequest,
  AcceptTunnelResponse,
  OpenTunnelRequest,
  OpenTunnelResponse,
  PeerServiceService,
} from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { decodeSingleBytesField, encodeBytesField } from './bytes-field.js';

const dataField = { request: 2, response: 1 } as const;

/** A message that is nothing but data is encoded without the generated codec's copies; every other message goes through that one. */
function dataCodec<Message extends { readonly data: Buffer }>(fieldNumber: number, generated: GeneratedCodec<Message>, emptyMessage: Omit<Message, 'data'>) {
  const fields = Object.keys(emptyMessage) as (keyof typeof emptyMessage)[];
  const isOnlyData = (message: Message): boolean => message.data.byteLength > 0 && fields.every((field) => message[field] === emptyMessage[field]);
  return {
    encode: (message: Message): Buffer => (isOnlyData(message) ? encodeBytesField(fieldNumber, message.data) : Buffer.from(generated.encode(message).finish())),
    decode: (bytes: Buffer): Message => {
      const data = decodeSingleBytesField(fieldNumber, bytes);
      return data === undefined ? generated.decode(bytes) : ({ ...emptyMessage, data } as Message);
    },
  };
}

interface GeneratedCodec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

const openRequest = dataCodec<OpenTunnelRequest>(dataField.request, OpenTunnelRequest, { targetNodeId: '' });
const openResponse = dataCodec<OpenTunnelResponse>(dataField.response, OpenTunnelResponse, {});
const acceptRequest = dataCodec<AcceptTunnelRequest>(dataField.request, AcceptTunnelRequest, { callerNodeId: '' });
const acceptResponse = dataCodec<AcceptTunnelResponse>(dataField.response, AcceptTunnelResponse, {});

/** OpenTunnel and AcceptTunnel of PeerService, with data that is a view on the message where it comes, and copied once where it goes. */
export const tunnelDefinition = {
  openTunnel: {
    ...PeerServiceService.openTunnel,
    requestSerialize: openRequest.encode,
    requestDeserialize: openRequest.decode,
    responseSerialize: openResponse.encode,
    responseDeserialize: openResponse.decode,
  },
  acceptTunnel: {
    ...PeerServiceService.acceptTunnel,
    requestSerialize: acceptRequest.encode,
    requestDeserialize: acceptRequest.decode,
    responseSerialize: acceptResponse.encode,
    responseDeserialize: acceptResponse.decode,
  },
};
