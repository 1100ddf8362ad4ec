import { resolve } from 'node:path';

/** The address that a user typed: a URL stays as it is, a path becomes absolute, for the daemon has a working directory of its own. */
export function channelAddress(text: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : resolve(text);
}
