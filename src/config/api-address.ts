import { isIPv6 } from 'node:net';

import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type GivenValue } from './read-environment.js';

const defaultApiPort = 20421;

/** The host that was given, or `fallback`. Fails with `invalid-argument` if it is a URL, has a port or is empty. */
export function parseHost(given: GivenValue | undefined, fallback: string): string {
  if (given === undefined) return fallback;
  const host = /^\[.*\]$/.test(given.text) ? given.text.slice(1, -1) : given.text;
  if (/^[\w.-]+$/.test(host) || isIPv6(host)) return host;
  throw new KacheryError(
    'invalid-argument',
    `${given.source} is ${quoted(given.text)}: a host name or an IP address alone is needed, without a scheme or a port.`,
    { field: given.source },
  );
}

/** The port that was given, or the default one. Fails with `invalid-argument` if it is not a number from `lowest` to 65535. */
export function parsePort(given: GivenValue | undefined, lowest: 0 | 1): number {
  if (given === undefined) return defaultApiPort;
  const port = /^\d{1,5}$/.test(given.text) ? Number(given.text) : Number.NaN;
  if (port >= lowest && port <= 65_535) return port;
  throw new KacheryError('invalid-argument', `${given.source} is ${quoted(given.text)}: a whole number from ${String(lowest)} to 65535 is needed.`, {
    field: given.source,
  });
}

/** Tells whether only programs of this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
