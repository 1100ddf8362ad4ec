import { type X509Certificate } from 'node:crypto';
import { type Duplex } from 'node:stream';
import { type TLSSocket } from 'node:tls';

import { type NodeId, parseNodeId } from '../../core/node-id.js';
import { isLinkProtocol, type LinkProtocol } from './link-protocol.js';

/** A stream of bytes that nobody else can read or change, with a node at its other end that has proven its key. */
export interface SecureStream {
  readonly socket: TLSSocket;
  readonly nodeId: NodeId;
  readonly protocol: LinkProtocol;
}

const rawKeyBytes = 32;

/**
 * What a socket is whose handshake is over. Throws, with what is wrong in words that follow a colon, if the other end is not a node that has just proven its
 * key: without a certificate, with another kind of key, with a protocol that is not ours, or with a session of before.
 */
export function checkedSecureStream(socket: TLSSocket): SecureStream {
  const protocol = socket.alpnProtocol;
  if (!isLinkProtocol(protocol)) throw new Error('it does not name a protocol of kachery-p2p nodes');
  if (socket.isSessionReused()) throw new Error('it goes on with an old session in place of proving its key');
  return { socket, nodeId: nodeIdOf(socket.getPeerX509Certificate()), protocol };
}

/** Destroys both; errors that the stream below has yet to tell of concern nobody any more. */
export function discard(socket: Duplex, stream: Duplex): void {
  for (const each of [socket, stream]) {
    each.on('error', () => undefined);
    each.destroy();
  }
}

function nodeIdOf(certificate: X509Certificate | undefined): NodeId {
  if (!certificate) throw new Error('it shows no certificate');
  const { publicKey } = certificate;
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new Error('its key is not an ed25519 key');
  return parseNodeId(publicKey.export({ format: 'der', type: 'spki' }).subarray(-rawKeyBytes).toString('hex'));
}
