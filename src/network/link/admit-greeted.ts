import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';

import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { toStatus } from '../../rpc/codec/status-details.js';
import { type Caller } from '../caller.js';
import { limitMessages } from './limit-messages.js';
import { watched } from './watched-call.js';

/** Whom an admission asks and tells. */
export interface AdmittedCaller extends Pick<Caller, 'authorize'> {
  /** Hears of a call that its caller was not authorised for. */
  onRefused(): void;
}

/**
 * Lets every call but Greet reach its handler only if its caller is authorised at that moment; of others nothing is read. A caller greets once at a time, in a
 * small message, so that a stranger fills no memory. It has to be a server's first interceptor, for it reaches for what is below, and so may the second.
 */
export function admitGreeted(caller: AdmittedCaller): ServerInterceptor {
  let isGreeting = false;
  const admit = ({ path }: Parameters<ServerInterceptor>[0], call: ServerInterceptingCallInterface): ServerInterceptingCallInterface => {
    if (path !== PeerServiceService.greet.path) return admitted(caller, call);
    if (isGreeting) return refusing(call, new KacheryError('too-busy', 'A greeting is being answered; wait for its answer before the next.'));
    limitMessages(call, limits.maxGreetingBytes);
    return watched(call, (isUnderWay) => {
      isGreeting = isUnderWay;
    });
  };
  // grpc-js declares a class where it needs no more than its interface.
  return admit as ServerInterceptor;
}

function admitted(caller: AdmittedCaller, call: ServerInterceptingCallInterface): ServerInterceptingCallInterface {
  try {
    caller.authorize();
    return call;
  } catch (error) {
    caller.onRefused();
    return refusing(call, error);
  }
}

function refusing(call: ServerInterceptingCallInterface, error: unknown): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata: () => {
          call.sendStatus(toStatus(error));
        },
      });
    },
  });
}
