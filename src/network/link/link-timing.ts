import { limits } from '../../core/limits.js';

/** How patient the links are, in milliseconds. */
export interface LinkTiming {
  /** How long a connection may take to be made, all its handshakes together; and how long one that was accepted may take to show that it is authorised. */
  readonly connectMs: number;
  /** How long after one address the next one of the same node is tried beside it. */
  readonly nextAddressMs: number;
  /** How long a better kind of connection is tried before a worse one is tried beside it. */
  readonly nextKindMs: number;
  /** Pause after the first failure to connect; it doubles with each, up to `maxRetryMs`. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** Least pause before a node is tried again that has said that this one is not authorised. */
  readonly refusedRetryMs: number;
  /** A failure is not repeated for those who ask for a connection at once, for as long as it took itself, but at most for so long. */
  readonly recentFailureMs: number;
  /** A connection that has lasted so long was a success; one that breaks sooner counts as a failure. */
  readonly stableAfterMs: number;
  /** How often a node is greeted again. */
  readonly pulseMs: number;
  /** How long an answer to that may take. */
  readonly pulseTimeoutMs: number;
  /** How long the other end of a connection that serves may send nothing. */
  readonly silenceMs: number;
  /** How often rates are measured, and silent and surplus connections looked for. */
  readonly tickMs: number;
  /** How long a second connection with a node is kept when nobody uses it. */
  readonly surplusIdleMs: number;
  /** How long a connection with a member of a large channel is kept that nobody uses, beside those that are kept in any case. */
  readonly passingLinkMs: number;
  /** How long a member of a large channel that could not be connected is passed over when members are dialed that nobody asked for. */
  readonly passedOverMs: number;
  /** How often a better kind of connection is looked for, with a node that is connected already. */
  readonly betterLinkMs: number;
  /** How often connected nodes are asked for the addresses of others. */
  readonly memberExchangeMs: number;
  /** How long a connection is kept whose other end is not authorised, so that it hears that. */
  readonly refusedLingerMs: number;
  /** How long answers that are under way may take when a connection is closed. */
  readonly drainMs: number;
}

/** What the daemon uses. */
export const defaultLinkTiming: LinkTiming = {
  connectMs: limits.connectMs,
  nextAddressMs: 250,
  nextKindMs: 1_500,
  firstRetryMs: 500,
  maxRetryMs: 5 * 60_000,
  refusedRetryMs: 30_000,
  recentFailureMs: 3_000,
  stableAfterMs: 10_000,
  pulseMs: limits.linkPulseMs,
  pulseTimeoutMs: limits.peerIdleMs,
  silenceMs: limits.linkSilenceMs,
  tickMs: 5_000,
  surplusIdleMs: 30_000,
  passingLinkMs: limits.passingLinkMs,
  passedOverMs: 2 * 60_000,
  betterLinkMs: limits.betterLinkMs,
  memberExchangeMs: 5 * 60_000,
  refusedLingerMs: 500,
  drainMs: 500,
};
