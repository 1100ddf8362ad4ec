import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { parseHost, parsePort } from './api-address.js';
import { type Environment, givenPath, givenValue } from './read-environment.js';
import { type Setting } from './setting.js';
import { settings } from './settings.js';

/** What the environment tells a client. All paths are absolute. */
export interface ClientSettings {
  /** Host of the daemon's API. */
  readonly host: string;
  /** Port of the daemon's API. */
  readonly port: number;
  /** The storage directory to work on without a daemon. If present, the client is offline. */
  readonly offlineStorageDir?: string;
  /** Where the client sees the daemon's storage directory, if the user told. */
  readonly storageDir?: string;
  /** The daemon's configuration directory, where its owner can read the owner token. */
  readonly configDir: string;
  /** Directory for files loaded from a daemon whose storage directory is not visible here. */
  readonly cacheDir: string;
  /** Client token, if the user gave one. Secret. */
  readonly clientToken?: string;
  /** False if the user does not want progress bars. */
  readonly progress: boolean;
}

/** The settings that the environment gives, the process's own if none is given; frozen. Fails with `invalid-argument` for a host or port that cannot be. */
export function resolveClientSettings(environment: Environment = process.env): ClientSettings {
  const textOf = (setting: Setting): string | undefined => givenValue(setting, environment)?.text;
  const pathOf = (setting: Setting): string | undefined => {
    const text = textOf(setting);
    return text === undefined ? undefined : resolve(text);
  };
  return Object.freeze({
    host: parseHost(givenValue(settings.apiHost, environment), 'localhost'),
    port: parsePort(givenValue(settings.apiPort, environment), 1),
    ...optional('offlineStorageDir', pathOf(settings.offlineStorageDir)),
    ...optional('storageDir', pathOf(settings.storageDir)),
    configDir: givenPath(givenValue(settings.configDir, environment), '.kachery-p2p'),
    cacheDir: join(pathOf(settings.tempDir) ?? cacheHome(textOf(settings.cacheHome)), 'kachery-p2p'),
    ...optional('clientToken', textOf(settings.clientToken)),
    progress: textOf(settings.progress) !== '0',
  });
}

/** As the XDG Base Directory Specification says. */
function cacheHome(given: string | undefined): string {
  return given !== undefined && isAbsolute(given) ? given : join(homedir(), '.cache');
}

function optional<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, string>>;
}
