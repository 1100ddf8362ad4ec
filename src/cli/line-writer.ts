import { type Output } from './output.js';

const charactersAtOnce = 65_536;

/** Writes many lines with few writes: those that come without a pause together, and none later than the next turn of the event loop. */
export class LineWriter {
  private waiting = '';
  private nextTurn: NodeJS.Immediate | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly output: Output) {}

  /** Resolves when there is room for more. Fails with `cancelled` if the command is ended while there is none. */
  async add(line: string): Promise<void> {
    this.waiting += `${line}\n`;
    if (this.waiting.length >= charactersAtOnce) await this.flush();
    else this.nextTurn ??= setImmediate(() => void this.flush().catch(() => undefined));
  }

  /** Resolves when all lines are written, but for those that the system keeps for a slow reader. */
  async flush(): Promise<void> {
    clearImmediate(this.nextTurn);
    this.nextTurn = undefined;
    const lines = this.waiting;
    this.waiting = '';
    if (lines !== '') this.writing = this.writing.then(() => this.output.bytes(lines));
    await this.writing;
  }
}
