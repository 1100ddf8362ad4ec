import { hostname } from 'node:os';

import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { isLoopback, parseHost, parsePort } from './api-address.js';
import { type NetworkConfig, type NetworkFlags, resolveNetworkConfig } from './network-config.js';
import { type Environment, givenPath, givenValue, type GivenValue } from './read-environment.js';
import { settings } from './settings.js';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const maxLabelLength = 100;

/** Least important events that are logged. */
export type LogLevel = (typeof logLevels)[number];

/** Everything that a daemon needs to know before it starts. */
export interface DaemonConfig {
  /** Name of the node, for people. */
  readonly label: string;
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 for any free one. */
  readonly port: number;
  /** Absolute path. */
  readonly storageDir: string;
  /** True if nobody chose the storage directory: then it may be created. */
  readonly storageDirIsDefault: boolean;
  /** Absolute path; created if it does not exist. */
  readonly configDir: string;
  /** Group that may read the client token; the daemon's own if absent. */
  readonly authGroup?: string;
  readonly logLevel: LogLevel;
  /** True if the owner accepts that other machines reach the API without encryption. */
  readonly insecureBind: boolean;
  readonly network: NetworkConfig;
}

/** Flags of `start-daemon` as they were typed. */
export interface DaemonFlags extends NetworkFlags {
  readonly label?: string;
  readonly host?: string;
  readonly port?: string;
  readonly storageDir?: string;
  readonly configDir?: string;
  readonly authGroup?: string;
  readonly logLevel?: string;
  readonly insecureBind?: boolean;
}

/**
 * The configuration that flags and environment give, flags first; frozen. Fails with `invalid-argument` for a value that cannot be, and for a host beyond
 * loopback without `insecureBind`.
 */
export function resolveDaemonConfig(flags: DaemonFlags, environment: Environment): DaemonConfig {
  const storageDir = givenValue(settings.storageDir, environment, flags.storageDir);
  const insecureBind = flags.insecureBind ?? false;
  return Object.freeze({
    label: parseLabel(givenValue(settings.label, environment, flags.label)),
    host: parseListeningHost(givenValue(settings.apiHost, environment, flags.host), insecureBind),
    port: parsePort(givenValue(settings.apiPort, environment, flags.port), 0),
    storageDir: givenPath(storageDir, 'kachery-storage'),
    storageDirIsDefault: storageDir === undefined,
    configDir: givenPath(givenValue(settings.configDir, environment, flags.configDir), '.kachery-p2p'),
    ...(flags.authGroup === undefined ? {} : { authGroup: flags.authGroup }),
    logLevel: parseLogLevel(givenValue(settings.logLevel, environment, flags.logLevel)),
    insecureBind,
    network: resolveNetworkConfig(flags, environment),
  });
}

/** By default `localhost`, which stands for both loopback addresses: on one that was left free, another program could wait for tokens. */
function parseListeningHost(given: GivenValue | undefined, insecureBind: boolean): string {
  const host = parseHost(given, 'localhost');
  if (!isLoopback(host) && !insecureBind) {
    throw new KacheryError(
      'invalid-argument',
      `${given?.source ?? '--host'} is ${quoted(host)}, which other machines can reach, and the API is not encrypted. ` +
        'Leave it out to listen on this machine only, or add --insecure-bind if the network around it is trusted.',
      { field: given?.source ?? '--host' },
    );
  }
  return host;
}

function parseLabel(given: GivenValue | undefined): string {
  if (given === undefined) return hostname().slice(0, maxLabelLength);
  if (/^[^\p{Cc}]+$/u.test(given.text) && given.text.length <= maxLabelLength) return given.text;
  throw new KacheryError(
    'invalid-argument',
    `${given.source} is ${quoted(given.text)}: 1 to ${String(maxLabelLength)} characters without control characters are needed.`,
    { field: given.source },
  );
}

function parseLogLevel(given: GivenValue | undefined): LogLevel {
  if (given === undefined) return 'info';
  const level = logLevels.find((name) => name === given.text);
  if (level !== undefined) return level;
  throw new KacheryError('invalid-argument', `${given.source} is ${quoted(given.text)}: one of ${logLevels.join(', ')} is needed.`, { field: given.source });
}
