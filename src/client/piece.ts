/** Some bytes of a content. */
export interface Piece {
  readonly data: Buffer;
  /** How many bytes of its ArrayBuffer before `data` are unused, for a message's prefix. */
  readonly headroomBytes: number;
}
