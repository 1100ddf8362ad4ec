import { randomUUID } from 'node:crypto';

import { FeedServiceService as feeds, type MessageBatch } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';
import { formatFeedUri } from '../core/feed-uri.js';
import { type SubfeedName } from '../core/subfeed.js';
import { type Daemon } from './daemon.js';
import { encodeJson } from './encode-json.js';
import { type AccessRule, type AppendOptions, type FeedMessage, type ReadMessagesOptions, type Subfeed } from './feeds.js';
import { type CallOptions } from './kachery-client.js';
import { Retries } from './retries.js';
import { dateOf } from './date-of.js';

const passing = ['daemon-not-running', 'daemon-stopping'] as const;

/** About a minute: as long as a daemon may take to come back. */
const followWaitsMs = [50, 200, 500, ...Array<number>(30).fill(2_000)];

/** A subfeed that the daemon is asked for. */
export class OnlineSubfeed implements Subfeed {
  readonly uri: string;
  readonly hash: string;

  constructor(
    private readonly daemon: Daemon,
    private readonly feedId: FeedId,
    private readonly name: SubfeedName,
  ) {
    this.uri = formatFeedUri({ feedId, subfeed: name });
    this.hash = name.hash;
  }

  async append(messages: readonly unknown[], { expectedLength, signal }: AppendOptions = {}): Promise<number> {
    const request = {
      subfeed: this.key(),
      messages: messages.map(bytesOf),
      expectedLength: expectedLength === undefined ? undefined : positionOf(expectedLength),
      requestId: randomUUID(),
    };
    return Number((await again(() => this.daemon.unary(feeds.appendMessages, request, { signal }), signal)).position);
  }

  async submit(messages: readonly unknown[], { signal }: CallOptions = {}): Promise<number> {
    const request = { subfeed: this.key(), messages: messages.map(bytesOf), requestId: randomUUID() };
    return Number((await again(() => this.daemon.unary(feeds.submitMessages, request, { signal }), signal)).position);
  }

  async *read({ position = 0, maxMessages, signal }: ReadMessagesOptions = {}): AsyncGenerator<FeedMessage, void, undefined> {
    if (maxMessages === 0) return;
    const request = { subfeed: this.key(), position: positionOf(position), maxMessages: positionOf(maxMessages ?? 0), maxBytes: 0n, withProofs: false };
    for await (const { batches } of this.daemon.receive(feeds.readMessages, request, { signal })) yield* messagesOf(batches);
  }

  async *follow({ position = 0, signal }: Omit<ReadMessagesOptions, 'maxMessages'> = {}): AsyncGenerator<FeedMessage, void, undefined> {
    const retries = new Retries(passing, followWaitsMs);
    let next = positionOf(position);
    for (;;) {
      try {
        const request = { subfeeds: [{ subfeed: this.key(), position: next }], withProofs: false };
        for await (const { batches } of this.daemon.receive(feeds.watchMessages, request, { signal, timeoutMs: Infinity })) {
          retries.progress();
          for (const message of messagesOf(batches)) {
            next = BigInt(message.position) + 1n;
            yield message;
          }
        }
        throw new KacheryError('daemon-stopping', 'The daemon ended the call that follows a subfeed.');
      } catch (error) {
        await retries.wait(error, signal);
      }
    }
  }

  async getAccessRules({ signal }: CallOptions = {}): Promise<AccessRule[]> {
    return (await this.daemon.unary(feeds.getAccessRules, { subfeed: this.key() }, { signal })).rules;
  }

  async setAccessRules(rules: readonly AccessRule[], { signal }: CallOptions = {}): Promise<void> {
    await this.daemon.unary(feeds.setAccessRules, { subfeed: this.key(), rules: [...rules] }, { signal });
  }

  private key() {
    const { hash, nameJson } = this.name;
    const subfeed = nameJson === undefined ? ({ $case: 'hash', value: hash } as const) : ({ $case: 'nameJson', value: nameJson } as const);
    return { feedId: this.feedId, subfeed };
  }
}

function bytesOf(message: unknown): Buffer {
  return Buffer.from(encodeJson(message));
}

function positionOf(position: number): bigint {
  if (Number.isSafeInteger(position) && position >= 0) return BigInt(position);
  throw new KacheryError('invalid-argument', `${String(position)} is not a position in a subfeed: a whole number from 0 on is needed.`, { field: 'position' });
}

async function again<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const retries = new Retries([...passing, 'deadline-exceeded']);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await retries.wait(error, signal);
    }
  }
}

function* messagesOf(batches: readonly MessageBatch[]): Generator<FeedMessage, void, undefined> {
  for (const { messages, position, appendedAt, submitterNodeId } of batches) {
    const first = Number(position);
    const date = dateOf(appendedAt);
    for (const [index, bytes] of messages.entries()) {
      yield { position: first + index, value: valueOf(bytes, first + index), appendedAt: date, submitterNodeId: submitterNodeId || undefined };
    }
  }
}

function valueOf(bytes: Uint8Array, position: number): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new KacheryError(
      'invalid-argument',
      `The message at position ${String(position)} is not JSON. Read it with a program that takes bytes.`,
      {},
      { cause: error },
    );
  }
}
