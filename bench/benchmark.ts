import { type Line } from './line.js';

/** Where and how large a benchmark runs. */
export interface Setting {
  /** Directory of the benchmark's own, empty; what is left in it is removed afterwards. */
  readonly dir: string;
  /** Python interpreter that has the package installed. */
  readonly python: string;
  /** Counted rounds of each alternation. */
  readonly rounds: number;
  /** Size of the large file, in bytes. */
  readonly fileBytes: number;
  /** Bytes that the clients of the memory benchmark move altogether. */
  readonly memoryBytes: number;
  /** Files in the store that is called large. */
  readonly manyFiles: number;
  /** Appends of one writer after another. */
  readonly feedAppends: number;
  /** Messages of the subfeed that is called long. */
  readonly feedMessages: number;
  /** Messages of the subfeed of the memory benchmark. */
  readonly feedMemoryMessages: number;
  /** How long nodes are watched that have nothing to do. */
  readonly idleSeconds: number;
}

/** One or more lines of the table that are measured together. */
export interface Benchmark {
  readonly name: string;
  readonly run: (setting: Setting) => Promise<Line[]>;
}
