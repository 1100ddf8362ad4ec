/** An answer about feeds that no node of this program gives; the message says what is wrong with it, in words that follow a colon. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}
