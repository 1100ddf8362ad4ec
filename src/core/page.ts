/** Some items of an ordered list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Whether more follow. */
  readonly hasMore: boolean;
}
