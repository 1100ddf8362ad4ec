/** At which addresses, as `host:port`, one node has found another one. */
export interface AddressReach {
  /** It was there the last time. */
  readonly reached: readonly string[];
  /** It says that it is there, and was not to be reached the last time. */
  readonly unreached: readonly string[];
}
