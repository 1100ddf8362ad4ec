import { once } from 'node:events';
import { type Writable } from 'node:stream';

import { KacheryError } from '../core/failure.js';
import { formatFailure } from './command-line-failure.js';
import { escapeControls } from './escape-controls.js';

/** Where a command tells what came out. */
export class Output {
  constructor(
    private readonly stdout: Writable,
    private readonly stderr: Writable,
    private readonly signal: AbortSignal,
    /** Whether results are for programs: one JSON value a line. */
    readonly json: boolean,
  ) {}

  /** Tells one result: `value` as a line of JSON, or `text` as a line for people, without what could change their terminal. Resolves when there is room for more. */
  async result(value: unknown, text: string): Promise<void> {
    await this.line(JSON.stringify(value), text);
  }

  /** Tells one result, which is known as a line of JSON already. */
  async line(json: string, text: string): Promise<void> {
    await this.bytes(`${this.json ? json : escapeControls(text)}\n`);
  }

  /** Tells one result whose `text` must stay as it is, such as a path that a script goes on with. */
  async exactly(value: unknown, text: string): Promise<void> {
    await this.bytes(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** Passes bytes on as they are. Resolves when there is room for more. Fails with `cancelled` if the command is ended while there is none. */
  async bytes(data: Uint8Array | string): Promise<void> {
    if (this.stdout.write(data)) return;
    const { signal } = this;
    await once(this.stdout, 'drain', { signal }).catch((error: unknown) => {
      throw signal.aborted ? new KacheryError('cancelled', 'Interrupted while the result was written.', {}, { cause: error }) : error;
    });
  }

  /** Tells people something on standard error that is no result. */
  note(text: string): void {
    if (!this.json) this.stderr.write(`${text}\n`);
  }

  /** Tells on standard error of a failure that does not end the command. */
  failure(error: unknown): void {
    this.stderr.write(`${formatFailure(error, this.json)}\n`);
  }
}
