import { type Clock } from '../core/clock.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type DurableDatabase } from '../kv/durable-database.js';
import { type TransactionView } from '../kv/group-commit.js';
import { feedDatabaseKeys, feedDatabaseRanges } from './feed-database-keys.js';
import { type Appended } from './feed-store.js';

/** Where a request is looked for, and where it is put. */
export interface RequestKeys {
  readonly current: Buffer;
  readonly earlier: Buffer;
}

interface State {
  readonly generation: number;
  readonly startedAtMs: number;
}

interface RememberedAppend extends Appended {
  readonly count: number;
}

/** The requests to append that were answered of late, in generations: the current one and the one before are known, older ones are removed. */
export class RememberedRequests {
  private encodedState: Buffer;

  private constructor(
    private readonly database: DurableDatabase,
    private readonly clock: Clock,
    private readonly onProblem: (error: unknown) => void,
    private state: State,
  ) {
    this.encodedState = encodeState(state);
  }

  /** The requests in the database of feeds. `onProblem` hears if old ones could not be removed. */
  static async open(database: DurableDatabase, clock: Clock, onProblem: (error: unknown) => void): Promise<RememberedRequests> {
    const saved = await database.get(feedDatabaseKeys.requestState);
    const state = saved ? (JSON.parse(saved.toString()) as State) : { generation: 1, startedAtMs: clock.now() };
    return new RememberedRequests(database, clock, onProblem, state);
  }

  /** The keys of a request; a transaction has to name both. */
  keysOf(subfeed: SubfeedAddress, requestId: string): RequestKeys {
    // A clock that was set back far must not make a generation last for ever.
    if (Math.abs(this.clock.now() - this.state.startedAtMs) >= limits.rememberedRequestMs) this.turn();
    const { generation } = this.state;
    return { current: feedDatabaseKeys.request(generation, subfeed, requestId), earlier: feedDatabaseKeys.request(generation - 1, subfeed, requestId) };
  }

  /** How the request was answered before; undefined if it was not. Fails with `invalid-argument` if it had another number of messages. */
  find(view: TransactionView, { current, earlier }: RequestKeys, count: number): Appended | undefined {
    const found = view.get(current) ?? view.get(earlier);
    if (!found) return undefined;
    const { count: countBefore, ...appended } = JSON.parse(found.toString()) as RememberedAppend;
    if (countBefore === count) return appended;
    throw new KacheryError(
      'invalid-argument',
      `This request_id was used for ${String(countBefore)} messages, now it comes with ${String(count)}. Give each request an id of its own.`,
      { field: 'request_id' },
    );
  }

  /** Remembers how a request is answered. */
  remember(view: TransactionView, { current }: RequestKeys, { position, timestampMs }: Appended, count: number): void {
    view.put(current, Buffer.from(JSON.stringify({ position, timestampMs, count } satisfies RememberedAppend)));
    view.put(feedDatabaseKeys.requestState, this.encodedState);
  }

  private turn(): void {
    this.state = { generation: this.state.generation + 1, startedAtMs: this.clock.now() };
    this.encodedState = encodeState(this.state);
    this.database.clear(feedDatabaseRanges.requestsBefore(this.state.generation - 1)).catch(this.onProblem);
  }
}

function encodeState(state: State): Buffer {
  return Buffer.from(JSON.stringify(state));
}
