import { limits } from '../../core/limits.js';

/** How the index of large channels is kept and asked; times in milliseconds. */
export interface IndexTiming {
  /** How many members keep each record. */
  readonly copies: number;
  /** How many further members stand in for those that cannot be reached. */
  readonly standIns: number;
  /** How long one member may take before the next one is asked beside it. */
  readonly hedgeMs: number;
  /** How long a member that could not be reached comes last. */
  readonly doubtMs: number;
  /** How long a record is kept that is not announced again. */
  readonly recordMs: number;
  /** How soon all that is here is announced after the start, and when a large channel was joined. */
  readonly firstRoundMs: number;
  /** How often all that is here is announced again, and over what time that is spread at most. */
  readonly roundMs: number;
  readonly spreadMs: number;
  /** Least and greatest pause between two members that are told. */
  readonly leastPauseMs: number;
  readonly maxPauseMs: number;
  /** How long what is new is gathered before it is announced. */
  readonly newsMs: number;
  /** Pause before what too few members heard of is told to others again; it doubles up to roundMs, and as long as nobody hears anything up to offlineRetryMs. */
  readonly retryMs: number;
  readonly offlineRetryMs: number;
}

/** What the daemon uses. */
export const defaultIndexTiming: IndexTiming = {
  copies: 3,
  standIns: 3,
  hedgeMs: 700,
  doubtMs: 2 * 60_000,
  recordMs: limits.providerRecordMs,
  firstRoundMs: 3_000,
  roundMs: 11 * 60 * 60_000,
  spreadMs: 4 * 60 * 60_000,
  leastPauseMs: 50,
  maxPauseMs: 20_000,
  newsMs: 2_000,
  retryMs: 60_000,
  offlineRetryMs: 5 * 60_000,
};
