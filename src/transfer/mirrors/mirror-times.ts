/** How long mirrors wait for what, in milliseconds. */
export interface MirrorTimes {
  /** After a failure, the first time; twice as long each time after that, up to the longest. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** How often it is looked whether files are still here, at least so long, and so much longer for each file. */
  readonly checkMs: number;
  readonly checkMsPerFile: number;
  /** How often a feed is asked for new subfeeds, at least so long, and so much longer for each of them and for each mirrored feed, up to the longest, so that asking stays cheap. */
  readonly listMs: number;
  readonly listMsPerSubfeed: number;
  readonly listMsPerFeed: number;
  readonly maxListMs: number;
  /** How often a feed that is behind is looked at. */
  readonly behindMs: number;
}

/** The times of a daemon. */
export const mirrorTimes: MirrorTimes = {
  firstRetryMs: 2_000,
  maxRetryMs: 10 * 60_000,
  checkMs: 60_000,
  checkMsPerFile: 10,
  listMs: 10_000,
  listMsPerSubfeed: 150,
  listMsPerFeed: 100,
  maxListMs: 5 * 60_000,
  behindMs: 1_000,
};
