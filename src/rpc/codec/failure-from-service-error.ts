import { type Metadata, status } from '@grpc/grpc-js';

import { type FailureReason, KacheryError } from '../../core/failure.js';
import { reasonOfName } from './reason-codes.js';
import { readStatusDetails } from './status-details.js';

/** What is known of a call's end that did not come from a kachery-p2p node, or from one that gives reasons which this program does not know. */
const reasonsByCode: Readonly<Record<Exclude<status, status.OK>, FailureReason>> = {
  [status.CANCELLED]: 'cancelled',
  [status.UNKNOWN]: 'internal',
  [status.INVALID_ARGUMENT]: 'invalid-argument',
  [status.DEADLINE_EXCEEDED]: 'deadline-exceeded',
  [status.NOT_FOUND]: 'file-not-found',
  [status.ALREADY_EXISTS]: 'already-exists',
  [status.PERMISSION_DENIED]: 'path-not-permitted',
  [status.RESOURCE_EXHAUSTED]: 'too-busy',
  [status.FAILED_PRECONDITION]: 'not-supported',
  [status.ABORTED]: 'file-changed',
  [status.OUT_OF_RANGE]: 'range-beyond-end',
  [status.UNIMPLEMENTED]: 'not-supported',
  [status.INTERNAL]: 'internal',
  [status.UNAVAILABLE]: 'daemon-not-running',
  [status.DATA_LOSS]: 'content-corrupt',
  [status.UNAUTHENTICATED]: 'token-invalid',
};

const messageTooLarge = /larger than max \((\d+) vs\.? (\d+)\)/;

/**
 * The failure that a call's error tells of, with the error as its cause. A KacheryError is returned as it is; what is not the error of a call becomes
 * `internal`.
 */
export function failureFromServiceError(error: unknown): KacheryError {
  if (error instanceof KacheryError) return error;
  if (!isServiceError(error)) return new KacheryError('internal', `The call failed: ${String(error)}`, {}, { cause: error });
  const told = readStatusDetails(error.metadata);
  const reason = told && reasonOfName(told.info.reason);
  if (reason !== undefined) return new KacheryError(reason, told?.message ?? error.details, told?.info.metadata, { cause: error });
  const tooLarge = messageTooLarge.exec(error.details);
  if (tooLarge && error.code === status.RESOURCE_EXHAUSTED) return messageBeyondLimit(tooLarge[1] ?? '', tooLarge[2] ?? '', error);
  return new KacheryError(reasonsByCode[error.code], error.details, {}, { cause: error });
}

interface FailedCall extends Error {
  readonly code: Exclude<status, status.OK>;
  readonly details: string;
  readonly metadata?: Metadata;
}

function isServiceError(error: unknown): error is FailedCall {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && error.code in reasonsByCode && 'details' in error;
}

function messageBeyondLimit(actual: string, limit: string, cause: Error): KacheryError {
  return new KacheryError(
    'too-large',
    `A message of ${actual} bytes is over the limit of ${limit} bytes. Send the data in smaller messages.`,
    { actual, limit },
    { cause },
  );
}
