import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js';
import { type Socket } from 'node:net';
import { type TLSSocket } from 'node:tls';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * Credentials that give a channel a connection which exists already and is secured already, once: when that has ended, the channel gets no other. This takes the
 * place of a method of grpc-js 1.14 that is public in its types but not meant for others.
 */
export class StreamCredentials extends ChannelCredentials {
  private socket: TLSSocket | undefined;

  constructor(socket: TLSSocket) {
    super();
    this.socket = socket;
  }

  /** For grpc-js. */
  override _isSecure(): boolean {
    return true;
  }

  /** For grpc-js: nobody else may use the connection. */
  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  /** For grpc-js. */
  override _createSecureConnector(): SecureConnector {
    return {
      waitForReady: () => Promise.resolve(),
      connect: (placeholder: Socket) => {
        placeholder.on('error', () => undefined);
        placeholder.destroy();
        const { socket } = this;
        this.socket = undefined;
        return socket ? Promise.resolve({ socket, secure: true }) : Promise.reject(new Error('the connection has ended'));
      },
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }
}
