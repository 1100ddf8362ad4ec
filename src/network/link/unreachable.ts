import { type FailureDetails, KacheryError } from '../../core/failure.js';

/** The failure `node-unreachable`: `where` is the address that was tried, `problem` what went wrong there, in words that follow a colon. */
export function unreachable(where: string, problem: string, options: { readonly cause?: unknown; readonly details?: FailureDetails } = {}): KacheryError {
  return new KacheryError('node-unreachable', `${where}: ${problem}`, { address: where, ...options.details }, { cause: options.cause });
}
