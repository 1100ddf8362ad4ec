import { availableParallelism } from 'node:os';
import { KacheryError } from '../../core/failure.js';
import { type IntakeJob, IntakeLane } from './intake-lane.js';
import { type OpenOrder } from './intake-protocol.js';

const maxLanes = 4;

/** Hashing and writing off the event loop: lanes of worker threads, started when they are first needed. */
export class IntakePool {
  private readonly laneCount = Math.max(1, Math.min(maxLanes, Math.floor(availableParallelism() / 2)));
  private lanes: IntakeLane[] = [];
  private isClosed = false;

  /** Begins a job on the lane that has least to do. */
  open(options: Omit<OpenOrder, 'kind' | 'job'>, onTaken?: (doneBytes: number) => void): IntakeJob {
    if (this.isClosed) throw new KacheryError('daemon-stopping', 'The store is being closed. Try again when the daemon runs.');
    this.lanes = this.lanes.filter((lane) => !lane.isBroken);
    const idle = this.lanes.find((lane) => lane.load === 0);
    if (!idle && this.lanes.length < this.laneCount) this.lanes.push(new IntakeLane());
    const lane = idle ?? this.lanes.reduce((least, other) => (other.load < least.load ? other : least));
    return lane.open(options, onTaken);
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }
}
