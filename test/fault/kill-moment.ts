/** An operation of a daemon on its storage directory at which it is killed. */
export interface KillMoment {
  /** As kill-at-operation.ts notes it. */
  readonly operation: string;
  /** Which of its kind, counted from 1. */
  readonly number: number;
  /** Before the operation, when half of a write is done, or when the write behind it was done first. */
  readonly how: 'before' | 'half' | 'out of order';
}
