import { setImmediate as turn } from 'node:timers/promises';

import { type Clock } from '../../src/core/clock.js';
import { type Timers } from '../../src/core/timers.js';

interface Event {
  readonly act: () => void;
  isCancelled: boolean;
}

/** Time that passes as fast as the work in it allows: it jumps from one event to the next. In whole milliseconds. */
export class SimulatedTime implements Clock, Timers {
  private nowMs = 0;
  private readonly events = new Map<number, Event[]>();
  /** Times of events, as a binary heap: the smallest is the first. */
  private readonly heap: number[] = [];

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, act: () => void): () => void {
    const atMs = this.nowMs + Math.max(1, Math.ceil(delayMs));
    const event = { act, isCancelled: false };
    const there = this.events.get(atMs);
    if (there) there.push(event);
    else {
      this.events.set(atMs, [event]);
      this.push(atMs);
    }
    return () => {
      event.isCancelled = true;
    };
  }

  /** Resolves after so long. */
  pass(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Lets time pass until `isOver`, or until nothing happens any more, or for `maxMs`. Resolves with whether it is over. */
  async runUntil(isOver: () => boolean, maxMs = Infinity): Promise<boolean> {
    const endMs = this.nowMs + maxMs;
    for (;;) {
      // Whatever follows from what has happened, happens without time passing.
      await turn();
      if (isOver()) return true;
      const next = this.heap[0];
      if (next === undefined || next > endMs) {
        if (endMs !== Infinity) this.nowMs = endMs;
        return false;
      }
      this.pop();
      this.nowMs = next;
      const events = this.events.get(next) ?? [];
      this.events.delete(next);
      for (const event of events) if (!event.isCancelled) event.act();
    }
  }

  private push(atMs: number): void {
    const { heap } = this;
    let place = heap.push(atMs) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (heap[parent]! <= atMs) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = atMs;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
      if (heap[child]! >= last) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}
