import { checkLabel } from '../core/uri.js';
import { type StoreOptions } from './kachery-client.js';

/** Label of bytes that the caller gave none. */
export const defaultLabel = 'file.dat';

/** The label that the caller gave, if it may stand in a URI. Fails with `invalid-argument`. */
export function givenLabel({ label }: StoreOptions): string | undefined {
  return label === undefined ? undefined : checkLabel(label);
}
