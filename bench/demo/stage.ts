import { type WorkerProcess } from '../processes/worker-process.js';
import { type DemoDaemon } from './demo-daemon.js';
import { type Narrator } from './narrator.js';

/** Names of what is stored. */
export type OriginalName = 'recording' | 'array';

/** What was stored, and how to know that it is what comes back. */
export interface Original {
  readonly name: OriginalName;
  readonly uri: string;
  readonly sizeBytes: number;
  /** SHA-256 of its file, computed before it was stored. */
  readonly sha256: string;
}

/** Everything that the chapters of the demonstration use. */
export interface Stage {
  readonly narrator: Narrator;
  readonly daemon: DemoDaemon;
  /** The worker in Python, bench/demo/worker.py. */
  readonly python: WorkerProcess;
  /** Directory for files of the demonstration's own. */
  readonly dir: string;
  readonly signal: AbortSignal;
}
