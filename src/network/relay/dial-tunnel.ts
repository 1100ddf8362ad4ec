import { type ClientDuplexStream } from '@grpc/grpc-js';

import { throwIfCancelled } from '../../core/cancellation.js';
import { type RequestOptions } from '../peer.js';
import { BoundedSignal } from '../link/bounded-signal.js';
import { type NodeName, peerFailure, silentPeer } from '../link/peer-failure.js';
import { type TunnelMessage, TunnelStream } from './tunnel-stream.js';

/** How a tunnel is asked for. */
export interface TunnelDialing<Request> extends RequestOptions {
  /** Whom is asked. */
  readonly node: NodeName;
  /** What to ask. */
  readonly first: Request;
  readonly messageOf: (data: Buffer) => Request;
  /** How long the answer may take. */
  readonly timeoutMs: number;
}

/**
 * Asks for a tunnel over a call that was just made. Resolves when the other end says that it stands; the caller destroys it. Fails with what the other end says,
 * with `node-unreachable` and with `cancelled`.
 */
export async function dialTunnel<Request, Response extends TunnelMessage>(
  call: ClientDuplexStream<Request, Response>,
  { node, first, messageOf, timeoutMs, signal }: TunnelDialing<Request>,
): Promise<TunnelStream<Response, Request>> {
  const giveUp = (): void => {
    call.cancel();
  };
  const tunnel = new TunnelStream<Response, Request>(call, { messageOf, giveUp });
  const bounded = new BoundedSignal(signal, timeoutMs, () => silentPeer(node, timeoutMs));
  const stop = (): void => {
    tunnel.destroy(bounded.signal.reason as Error);
  };
  bounded.signal.addEventListener('abort', stop, { once: true });
  try {
    throwIfCancelled(signal);
    tunnel.greet(first);
    await tunnel.first;
    return tunnel;
  } catch (error) {
    tunnel.destroy();
    throw peerFailure(error, node, signal);
  } finally {
    bounded.signal.removeEventListener('abort', stop);
    bounded.release();
  }
}
