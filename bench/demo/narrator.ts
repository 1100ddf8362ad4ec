import { styleText } from 'node:util';

/** What a step did: how many bytes it moved, and what is worth showing of it. */
export interface StepOutcome {
  readonly sizeBytes?: number;
  /** Shown below the step's line. */
  readonly details?: readonly string[];
}

const titleWidth = 62;
const sizeWidth = 12;
const timeWidth = 10;

/** Tells the demonstration: each step in a line, with its size, time and rate. */
export class Narrator {
  readonly #start = performance.now();
  readonly #isTerminal = process.stdout.isTTY;
  #steps = 0;

  /** A paragraph. */
  say(text: string): void {
    console.log(text);
  }

  /** The heading of the steps that follow. */
  chapter(title: string): void {
    console.log(`\n${this.#style('bold', title)}`);
  }

  /** Carries out a step and tells of it. */
  async step<Outcome extends object>(title: string, work: () => Promise<Outcome & StepOutcome>): Promise<Outcome & StepOutcome> {
    process.stdout.write(`  ${title} ${this.#style('dim', '.'.repeat(Math.max(3, titleWidth - title.length)))}`);
    const start = performance.now();
    try {
      const outcome = await work();
      console.log(measures((performance.now() - start) / 1000, outcome.sizeBytes));
      for (const detail of outcome.details ?? []) console.log(`    ${this.#style('dim', detail)}`);
      this.#steps++;
      return outcome;
    } catch (error) {
      console.log(' not done');
      throw error;
    }
  }

  /** The last line. */
  sumUp(): void {
    console.log(`\n${this.#style('green', `All ${String(this.#steps)} steps worked`)}, in ${seconds((performance.now() - this.#start) / 1000)}.`);
  }

  #style(format: 'bold' | 'dim' | 'green', text: string): string {
    return this.#isTerminal && !process.env['NO_COLOR'] ? styleText(format, text) : text;
  }
}

function measures(taken: number, sizeBytes: number | undefined): string {
  const size = sizeBytes === undefined ? '' : sizeOf(sizeBytes);
  const rate = sizeBytes === undefined ? '' : `${sizeOf(sizeBytes / taken)}/s`;
  return `${size.padStart(sizeWidth)}${seconds(taken).padStart(timeWidth)}  ${rate.padStart(sizeWidth)}`.trimEnd();
}

function seconds(taken: number): string {
  return taken < 0.1 ? `${(taken * 1000).toFixed(1)} ms` : `${taken.toFixed(taken < 10 ? 2 : 1)} s`;
}

function sizeOf(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const;
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, sizeBytes)) / 10));
  const amount = sizeBytes / 1024 ** step;
  return `${step === 0 ? String(amount) : amount.toPrecision(amount >= 1000 ? 4 : 3)} ${units[step] ?? ''}`;
}
