import { limits } from '../core/limits.js';

/** How long a fetcher waits for what, in milliseconds. */
export interface FetchTiming {
  /** How long a node may be silent in the middle of an answer. */
  readonly silentMs: number;
  /** How long other nodes may take to answer, too, when one has said that it has the file. */
  readonly otherAnswersMs: number;
  /** How long a download waits for a node to come back. */
  readonly waitForSourceMs: number;
  /** How often nodes that are lost are tried again meanwhile. */
  readonly retryMs: number;
  /** How often a download looks whether nodes are slow or silent. */
  readonly tickMs: number;
  /** How long what is known of a content is kept when nobody wants it any more. */
  readonly warmMs: number;
  /** Time between two events of a load. */
  readonly progressMs: number;
}

/** What the daemon runs with. */
export const usualTiming: FetchTiming = {
  silentMs: limits.peerIdleMs,
  otherAnswersMs: 150,
  waitForSourceMs: limits.waitForSourceMs,
  retryMs: 5_000,
  tickMs: 500,
  warmMs: 15_000,
  progressMs: 250,
};
