import { lookup } from 'node:dns';
import { type LookupFunction } from 'node:net';

import { isOnlyLocal } from '../addresses/is-only-local.js';

/** Code of the error when a name leads nowhere but to this machine. */
export const onlyLocalCode = 'ERR_ONLY_LOCAL_ADDRESSES';

/** Looks a host name up as node:dns does, and leaves out addresses that lead back to this machine. */
export const lookUpElsewhere: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const elsewhere = error ? [] : found.filter(({ address }) => !isOnlyLocal(address));
    const [first] = elsewhere;
    if (error) callback(error, []);
    else if (!first) callback(Object.assign(new Error(`${hostname} is this machine`), { code: onlyLocalCode }), []);
    else if (options.all) callback(null, elsewhere);
    else callback(null, first.address, first.family);
  });
};
