import { type ItemError } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { KacheryError } from '../../core/failure.js';
import { errorReasonName, reasonCodes } from '../codec/reason-codes.js';

/** The failure of one item of a batch, as clients are told. */
export function itemError({ reason, message }: KacheryError): ItemError {
  return { code: reasonCodes[reason].code, reason: errorReasonName(reason), message };
}

/** The KacheryError that an item failed with. Any other error fails the whole batch: it is thrown again. */
export function itemFailure(error: unknown): KacheryError {
  if (error instanceof KacheryError) return error;
  throw error;
}
