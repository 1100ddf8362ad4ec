import { type MessageBatch } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { type ChainEnd, emptyChain } from '../core/entry-chain.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseNodeId } from '../core/node-id.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type EntryBatch, verifyEntries } from '../core/verify-entries.js';
import { dateOf } from './date-of.js';

/** Stands in what is signed where nobody submitted the messages: no node may be called so. */
const nobody = '0'.repeat(64);

/**
 * Checks what a daemon tells of a subfeed against the key of its feed. Costs one hash a message and one signature for what comes together. It cannot tell whether
 * newer messages are kept from it.
 */
export class EntryVerifier {
  private proven: ChainEnd | undefined;
  private held: MessageBatch[] = [];

  /** `position` is that of the first message that will come. */
  constructor(
    private readonly subfeed: SubfeedAddress,
    private readonly position: number,
  ) {
    if (position === 0) this.proven = emptyChain;
  }

  /** Those of these batches and of the ones held back that are proven now; the others are held back for their signature. Fails with `content-corrupt`. */
  accept(batches: readonly MessageBatch[]): readonly MessageBatch[] {
    this.held.push(...batches);
    const lastSigned = this.held.findLastIndex(({ proof }) => proof !== undefined && proof.signature.byteLength > 0);
    if (lastSigned < 0) {
      this.checkHeld();
      return [];
    }
    const proven = this.held.slice(0, lastSigned + 1);
    this.held = this.held.slice(lastSigned + 1);
    this.verify(proven);
    return proven;
  }

  /** Forgets what is held back: it will come again. */
  forgetHeld(): void {
    this.held = [];
  }

  /** Says that nothing more comes. Fails with `content-corrupt` if something was held back. */
  finish(): void {
    if (this.held.length > 0) throw this.unproven('the last of them have no signature');
  }

  private verify(batches: readonly MessageBatch[]): void {
    const [first, last] = [batches[0]?.proof, batches.at(-1)];
    if (!first || !last?.proof) throw this.unproven('the daemon sent no proof of them');
    const start = this.proven ?? { length: this.position, lastHash: first.previousHash };
    const { lastHash, signature } = last.proof;
    const head = { subfeed: this.subfeed, length: Number(last.position) + last.messages.length, lastHash, signature };
    verifyEntries(
      start,
      batches.map((batch) => this.entriesOf(batch)),
      head,
    );
    this.proven = head;
  }

  private entriesOf({ position, appendedAt, submitterNodeId, messages }: MessageBatch): EntryBatch {
    try {
      const timestampMs = dateOf(appendedAt).getTime();
      if (Number.isNaN(timestampMs)) throw new RangeError('its time is beyond all calendars');
      if (submitterNodeId === nobody) throw new RangeError('its submitter is what is signed where there is none');
      return { position: Number(position), timestampMs, submitter: submitterNodeId === '' ? undefined : parseNodeId(submitterNodeId), messages };
    } catch (error) {
      throw this.unproven(`what was sent at position ${String(position)} cannot have been signed`, error);
    }
  }

  /** What was appended together ends with a signature, and has a size that is known; who sends more wants to fill the memory. */
  private checkHeld(): void {
    const heldBytes = this.held.reduce((sum, { messages }) => messages.reduce((bytes, { byteLength }) => bytes + byteLength, sum), 0);
    const count = this.held.reduce((sum, { messages }) => sum + Math.max(1, messages.length), 0);
    if (heldBytes > limits.maxAppendBytes || count > limits.maxAppendMessages) throw this.unproven('they come without a signature');
  }

  private unproven(problem: string, cause?: unknown): KacheryError {
    const uri = `feed://${this.subfeed.feedId}/~${this.subfeed.subfeedHash}`;
    return new KacheryError('content-corrupt', `Messages of ${uri} are not genuine: ${problem}. Get them from another node.`, { uri }, { cause });
  }
}
