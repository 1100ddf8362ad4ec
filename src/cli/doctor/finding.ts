import { type FailureReason, isKacheryError } from '../../core/failure.js';

/** What one check of the doctor found. */
export interface Finding {
  /** What was checked, such as `daemon`. */
  readonly check: string;
  /** `warn` where something is odd but works; `fail` where something does not work. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What the user can do; absent if nothing needs to be done. */
  readonly advice?: string;
  /** Why commands will fail; present with `fail` only. */
  readonly reason?: FailureReason;
}

/** A check that found nothing wrong. */
export function healthy(check: string, message: string): Finding {
  return { check, status: 'ok', message };
}

/** A check that found something odd that works. */
export function odd(check: string, message: string, advice: string): Finding {
  return { check, status: 'warn', message, advice };
}

/** A check that found why commands will fail for this reason. */
export function broken(check: string, reason: FailureReason, message: string, advice: string): Finding {
  return { check, status: 'fail', reason, message, advice };
}

/** A check that ended with an error of this program; its message says what to do. */
export function failed(check: string, error: unknown): Finding {
  if (isKacheryError(error)) return { check, status: 'fail', reason: error.reason, message: error.message };
  throw error;
}
