import { once } from 'node:events';
import { type Writable } from 'node:stream';

import { formatFailure } from './command-line-failure.js';

/** Where a command tells what came out. */
export class Output {
  constructor(
    private readonly stdout: Writable,
    private readonly stderr: Writable,
    /** Whether results are for programs: one JSON value a line. */
    readonly json: boolean,
  ) {}

  /** Tells one result: `value` as a line of JSON, or `text` as a line for people. Resolves when there is room for more. */
  async result(value: unknown, text: string): Promise<void> {
    await this.bytes(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** Passes bytes on as they are. Resolves when there is room for more. */
  async bytes(data: Uint8Array | string): Promise<void> {
    if (!this.stdout.write(data)) await once(this.stdout, 'drain');
  }

  /** Tells on standard error of a failure that does not end the command. */
  failure(error: unknown): void {
    this.stderr.write(`${formatFailure(error, this.json)}\n`);
  }
}
