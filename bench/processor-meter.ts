import { median, type TimedWork } from './measure.js';
import { processorSeconds } from './processor-seconds.js';

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
      const before = processorSeconds(this.#pid);
      const taken = await work(round);
      samples.push(processorSeconds(this.#pid) - before);
      return taken;
    };
  }

  /** Processor seconds of one round of a work: the median, the warming up included. */
  secondsOf(name: string): number {
    return median(this.#seconds.get(name) ?? []);
  }
}
