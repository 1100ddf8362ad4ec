import { type ServiceError, type status } from '@grpc/grpc-js';
import { type ExecutionContext } from 'ava';

import { type FailureReason, KacheryError } from '../../src/core/failure.js';

/** How a call failed. */
export interface Refusal {
  readonly reason: FailureReason;
  /** Code of its gRPC status; undefined if the client itself found the failure. */
  readonly code: status | undefined;
  readonly message: string;
}

/** The failure of a call that must fail. */
export async function refusal(t: ExecutionContext, call: Promise<unknown>): Promise<Refusal> {
  const error = await t.throwsAsync<KacheryError>(call, { instanceOf: KacheryError });
  return { reason: error.reason, code: (error.cause as Partial<ServiceError> | undefined)?.code, message: error.message };
}
