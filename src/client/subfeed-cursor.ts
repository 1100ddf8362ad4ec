import { type MessageBatch, type SubfeedKey } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';
import { type SubfeedName } from '../core/subfeed.js';
import { EntryVerifier } from './entry-verifier.js';

/** A subfeed as requests name it. */
export interface NamedSubfeed {
  readonly feedId: FeedId;
  readonly name: SubfeedName;
}

/** How far one subfeed has been read: where to go on when the connection broke. */
export class SubfeedCursor {
  private readonly verifier: EntryVerifier | undefined;
  private next: number;

  /** Fails with `invalid-argument` for what is no position. */
  constructor(
    private readonly subfeed: NamedSubfeed,
    position: number,
    verified = false,
  ) {
    this.next = Number(positionOf(position, 'position'));
    if (verified) this.verifier = new EntryVerifier({ feedId: subfeed.feedId, subfeedHash: subfeed.name.hash }, position);
  }

  /** Position of the message behind the last one taken. */
  get position(): number {
    return this.next;
  }

  /** What to ask for, from now on. */
  request(): { readonly subfeed: SubfeedKey; readonly position: bigint; readonly withProofs: boolean } {
    this.verifier?.forgetHeld();
    return { subfeed: subfeedKey(this.subfeed), position: BigInt(this.next), withProofs: this.verifier !== undefined };
  }

  /** Takes what has come, and returns what of it may be told. Fails with `content-corrupt`. */
  take(batches: readonly MessageBatch[]): readonly MessageBatch[] {
    const accepted = this.verifier?.accept(batches) ?? batches;
    const last = accepted.at(-1);
    if (last) this.next = Number(last.position) + last.messages.length;
    return accepted;
  }

  /** Says that nothing more comes. Fails with `content-corrupt` if what came is not all proven. */
  finish(): void {
    this.verifier?.finish();
  }
}

/** A subfeed as messages to the daemon name it. */
export function subfeedKey({ feedId, name: { hash, nameJson } }: NamedSubfeed): SubfeedKey {
  return { feedId, subfeed: nameJson === undefined ? { $case: 'hash', value: hash } : { $case: 'nameJson', value: nameJson } };
}

/** A position or a count as messages to the daemon tell it. Fails with `invalid-argument`, naming the `field`. */
export function positionOf(value: number, field: string): bigint {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new KacheryError('invalid-argument', `${String(value)} is no ${field} in a subfeed: a whole number from 0 on is needed.`, { field });
}
