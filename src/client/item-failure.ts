import { type ItemError } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { KacheryError } from '../core/failure.js';
import { reasonOfName } from '../rpc/codec/reason-codes.js';

/** Why one item of a batch failed. A reason that this program does not know becomes `internal`. */
export function itemFailure({ reason, message }: ItemError): KacheryError {
  return new KacheryError(reasonOfName(reason) ?? 'internal', message);
}
