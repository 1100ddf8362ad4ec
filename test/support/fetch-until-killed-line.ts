/** What the program fetch-until-killed says of how far it is, as JSON. */
export interface FetchUntilKilledLine {
  /** Bytes that came. */
  readonly loadedBytes: number;
  /** Those of them whose chunks were verified. */
  readonly verifiedBytes: number;
}
