import { type Clock } from '../../core/clock.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type FeedStore } from '../../feeds/feed-store.js';
import { type ReplicaStore } from '../../feeds/replica-store.js';
import { type Peers } from '../../network/peer.js';

/** What feeds are brought here with. */
export interface ReplicationParts {
  /** The feeds of this node itself. */
  readonly feeds: FeedStore & ReplicaStore;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly log: StructuredLog;
  /** A name for a request to append that nobody else chooses: 16 to 64 letters, digits, `-` and `_`. */
  readonly newRequestId: () => string;
}

/** How long things take, in milliseconds. */
export interface ReplicationTimes {
  /** How long slow nodes are waited for once one has said where a subfeed ends. */
  readonly headGraceMs: number;
  /** How long changes of what is followed are collected before calls are made anew. */
  readonly planDelayMs: number;
  /** How long a node that failed is left alone, the first time; then twice as long each time. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** How long a node is not asked for a feed of which it sent what was not genuine. */
  readonly distrustMs: number;
  /** How long it is believed that a node does not have a feed. */
  readonly absenceMs: number;
  /** In large channels, how long whoever reads waits for a feed's owner to be found and connected. */
  readonly reachMs: number;
  /** In large channels, how long the owner of a feed that is followed is not looked for after it was not found, the first time; then twice as long each time. */
  readonly firstSeekPauseMs: number;
  readonly maxSeekPauseMs: number;
}

/** The times of a daemon. */
export const replicationTimes: ReplicationTimes = {
  headGraceMs: 2_000,
  planDelayMs: 10,
  firstRetryMs: 100,
  maxRetryMs: 30_000,
  distrustMs: 10 * 60_000,
  absenceMs: 30_000,
  reachMs: 3_000,
  firstSeekPauseMs: 4_000,
  maxSeekPauseMs: 10 * 60_000,
};
