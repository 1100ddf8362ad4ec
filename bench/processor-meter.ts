import { readFileSync } from 'node:fs';

import { median, type TimedWork } from './measure.js';

const ticksPerSecond = 100;

/**
 * Counts the processor time that a process spends on each of several works: on a machine that does other things, too, it says more than the time that passed.
 * Linux only.
 */
export class ProcessorMeter {
  readonly #pid: number;
  readonly #seconds = new Map<string, number[]>();

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** The same work, counted under this name. */
  count(name: string, work: TimedWork): TimedWork {
    const samples: number[] = [];
    this.#seconds.set(name, samples);
    return async (round) => {
      const before = this.#spentSeconds();
      const taken = await work(round);
      samples.push(this.#spentSeconds() - before);
      return taken;
    };
  }

  /** Processor seconds of one round of a work: the median, the warming up included. */
  secondsOf(name: string): number {
    return median(this.#seconds.get(name) ?? []);
  }

  #spentSeconds(): number {
    const fields =
      readFileSync(`/proc/${String(this.#pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }
}
