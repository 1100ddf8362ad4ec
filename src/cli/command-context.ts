import { type Readable, type Writable } from 'node:stream';

import { type Environment } from '../config/read-environment.js';
import { type Output } from './output.js';

/** A stream of the process, and whether it is a terminal. */
export type MaybeTerminal<Stream> = Stream & { readonly isTTY?: boolean };

/** What the program was called with. */
export interface Surroundings {
  readonly environment: Environment;
  readonly stdin: Readable;
  readonly stdout: MaybeTerminal<Writable>;
  readonly stderr: MaybeTerminal<Writable>;
  /** Aborted when the command should end. */
  readonly signal: AbortSignal;
}

/** What a command works with. */
export interface CommandContext extends Surroundings {
  readonly output: Output;
}

/** Makes the context of a command from its flags. */
export type ContextOf = (flags: object) => CommandContext;
