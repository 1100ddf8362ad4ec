import { type ServiceError, status } from '@grpc/grpc-js';

import { cancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { failureFromServiceError } from '../rpc/codec/failure-from-service-error.js';
import { statusDetailsKey } from '../rpc/codec/status-details.js';

/** Why a call to the daemon at `address` failed, as the domain names it. */
export function rpcFailure(error: unknown, address: string, signal: AbortSignal | undefined): KacheryError {
  if (error instanceof KacheryError) return error;
  if (signal?.aborted) return cancelled(signal);
  return isServiceError(error) && !isFromDaemon(error) ? connectionFailure(error, address) : failureFromServiceError(error);
}

/** The failure of a call whose other side was silent for too long. */
export function silence(address: string): KacheryError {
  return new KacheryError('deadline-exceeded', `The daemon at ${address} has been silent for too long, so the call was given up. Look into its log.`, {
    address,
  });
}

/** The failure of a call to a daemon that does not answer. */
export function daemonNotRunning(address: string, problem: string, cause?: unknown): KacheryError {
  return new KacheryError(
    'daemon-not-running',
    `No kachery-p2p daemon answers at ${address} (${problem}). Start one with "kachery-p2p start-daemon", ` +
      'set KACHERY_P2P_API_HOST and KACHERY_P2P_API_PORT to where one runs, or set KACHERY_P2P_OFFLINE_STORAGE_DIR to work without one.',
    { address },
    { cause },
  );
}

/** What a status says that no daemon made, but the connection or a program that is not our daemon. */
function connectionFailure(error: ServiceError, address: string): KacheryError {
  const problem = error.details.replace(/\.$/, '');
  const options = { cause: error };
  switch (error.code) {
    case status.UNAVAILABLE:
      return daemonNotRunning(address, problem, error);
    // Cancelled, but not by this side: the daemon ended what was under way.
    case status.CANCELLED:
      return new KacheryError('daemon-stopping', `The daemon at ${address} ended the call. Try again when it runs.`, { address }, options);
    case status.DEADLINE_EXCEEDED:
      return new KacheryError('deadline-exceeded', `The daemon at ${address} did not answer in time (${problem}).`, { address }, options);
    case status.UNIMPLEMENTED:
      return new KacheryError(
        'not-supported',
        `What answers at ${address} cannot do this (${problem}). Is it a kachery-p2p daemon, and new enough?`,
        { address },
        options,
      );
    default:
      return failureFromServiceError(error);
  }
}

function isFromDaemon(error: ServiceError): boolean {
  return error.metadata.get(statusDetailsKey).length > 0;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
