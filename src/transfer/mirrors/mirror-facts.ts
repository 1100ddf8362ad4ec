/** What a mirror is doing: it waits for its turn or looks what is missing; brings it here; waits to try again; or all that is known of is here. */
export type MirrorState = 'queued' | 'fetching' | 'waiting' | 'complete';

/** How much of a mirror is here. What does not apply to its kind is 0. */
export interface MirrorAmount {
  readonly loadedBytes: number;
  readonly sizeBytes: number;
  readonly loadedFiles: number;
  readonly files: number;
  readonly loadedMessages: number;
  readonly messages: number;
  readonly subfeeds: number;
}

/** What is told of a mirror. Times are milliseconds since 1970 UTC. */
export interface MirrorFacts extends MirrorAmount {
  readonly uri: string;
  readonly state: MirrorState;
  /** What went wrong the last time, for people; empty if nothing, or if it was made good. */
  readonly problem: string;
  /** Undefined if nothing waits. */
  readonly retryAtMs: number | undefined;
  /** When all of it was last seen to be here; undefined if it was not yet. */
  readonly completedAtMs: number | undefined;
  readonly addedAtMs: number;
}
