import { type MirrorAmount } from './mirror-facts.js';

/** How far one try came, and when to look again. */
export interface MirrorOutcome {
  readonly isComplete: boolean;
  readonly againMs: number;
}

/** Keeps one thing here. */
export interface MirrorWork {
  readonly amount: MirrorAmount;
  /** Whether bytes are being brought here now. */
  readonly isFetching: boolean;

  /** Looks what is missing and brings it here. Fails with why something is missing still, and when the signal is aborted. */
  bring(signal: AbortSignal): Promise<MirrorOutcome>;

  /** Ends what goes on between two tries. May be called again. */
  close(): void;
}
