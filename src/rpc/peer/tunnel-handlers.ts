import { type ServerDuplexStream } from '@grpc/grpc-js';

import {
  type AcceptTunnelRequest,
  type AcceptTunnelResponse,
  type OpenTunnelRequest,
  type OpenTunnelResponse,
} from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type Caller } from '../../network/caller.js';
import { type RelayCarrier } from '../../network/relay/relay-carrier.js';
import { type TunnelRelay } from '../../network/relay/tunnel-relay.js';
import { type TunnelMessage, TunnelStream } from '../../network/relay/tunnel-stream.js';
import { type CallContext, contextOf } from '../call-context.js';

/** Who makes tunnels between others, and who takes those that lead to this node. */
export interface TunnelServing {
  readonly relay: Pick<TunnelRelay, 'open'>;
  readonly carrier: Pick<RelayCarrier, 'accept'>;
}

/** The methods of tunnels. */
export interface TunnelHandlers {
  readonly openTunnel: (call: ServerDuplexStream<OpenTunnelRequest, OpenTunnelResponse>) => void;
  readonly acceptTunnel: (call: ServerDuplexStream<AcceptTunnelRequest, AcceptTunnelResponse>) => void;
}

/** OpenTunnel and AcceptTunnel for one caller. */
export function tunnelHandlers({ relay, carrier }: TunnelServing, caller: Caller): TunnelHandlers {
  return {
    openTunnel: (call) => {
      const context = contextOf(call);
      const near = tunnelOf(call, context, () => undefined);
      const serve = async (): Promise<void> => {
        const { targetNodeId } = await firstOf(near);
        await relay.open(caller, targetNodeId, near, () => {
          near.greet(empty());
        });
      };
      serve().then(
        () => call.end(),
        (error: unknown) => call.emit('error', context.statusOf(error)),
      );
    },
    acceptTunnel: (call) => {
      const context = contextOf(call);
      const endCall = (error: Error | null): void => {
        if (error) call.emit('error', context.statusOf(error));
        else call.end();
      };
      const stream = tunnelOf(call, context, endCall);
      const serve = async (): Promise<void> => {
        await firstOf(stream);
        carrier.accept(caller.nodeId, stream);
        stream.greet(empty());
      };
      serve().catch((error: unknown) => stream.destroy(error as Error));
    },
  };
}

/** A tunnel that ends with its call. */
function tunnelOf<Request extends TunnelMessage>(
  call: ServerDuplexStream<Request, TunnelMessage>,
  { signal }: CallContext,
  giveUp: (error: Error | null) => void,
): TunnelStream<Request, TunnelMessage> {
  const tunnel = new TunnelStream<Request, TunnelMessage>(call, { messageOf: (data) => ({ data }), giveUp });
  const stop = (): void => void tunnel.destroy(signal.reason as Error);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return tunnel;
}

async function firstOf<Request extends TunnelMessage>(tunnel: TunnelStream<Request, TunnelMessage>): Promise<Request> {
  const timer = setTimeout(() => {
    tunnel.destroy(new KacheryError('deadline-exceeded', `The first message of the tunnel did not come in ${String(limits.connectMs / 1000)} s.`));
  }, limits.connectMs).unref();
  try {
    return await tunnel.first;
  } finally {
    clearTimeout(timer);
  }
}

function empty(): TunnelMessage {
  return { data: Buffer.alloc(0) };
}
