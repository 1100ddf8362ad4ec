import { type Clock } from '../../src/core/clock.js';

/** A clock that goes on when a test says so. */
export class HandClock implements Clock {
  nowMs = 0;

  now(): number {
    return this.nowMs;
  }
}
