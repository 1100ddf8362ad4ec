import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { KacheryError } from '../core/failure.js';
import { type Setting } from './setting.js';

/** Variables of a process; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value as the user gave it, and under which name. */
export interface GivenValue {
  readonly text: string;
  /** The flag or the variable it came from, for messages. */
  readonly source: string;
}

/** The value of a setting: of its flag, otherwise of the first of its variables that is set and not empty. */
export function givenValue(setting: Setting, environment: Environment, flagValue?: string): GivenValue | undefined {
  if (flagValue !== undefined) return { text: flagValue, source: setting.flag?.split(' ')[0] ?? '' };
  for (const source of setting.variables) {
    const text = environment[source];
    if (text !== undefined && text !== '') return { text, source };
  }
  return undefined;
}

/** The absolute path that was given, or `name` in the user's home directory. Fails with `invalid-argument` if an empty one was given. */
export function givenPath(given: GivenValue | undefined, name: string): string {
  if (given === undefined) return join(homedir(), name);
  if (given.text === '') throw new KacheryError('invalid-argument', `${given.source} is empty: a path is needed.`, { field: given.source });
  return resolve(given.text);
}
