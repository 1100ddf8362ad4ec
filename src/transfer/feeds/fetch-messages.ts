import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type SubfeedAddress } from '../../core/subfeed.js';
import { BlockIntake } from './block-intake.js';
import { type FeedSources } from './feed-sources.js';
import { type HeadSurveyResult, type SurveyedSource } from './head-survey.js';
import { type ReplicationParts } from './replication-parts.js';

/** How messages are fetched. */
export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Hears how long the subfeed has become here. */
  readonly onLength: (length: number) => void;
}

/** Brings messages here that other nodes have. */
export class MessageFetcher {
  constructor(
    private readonly parts: Pick<ReplicationParts, 'feeds'>,
    private readonly sources: FeedSources,
  ) {}

  /**
   * Fetches what is missing up to the longest head of a survey: from the owner or the nearest node, and from the next one where one fails. Fails with
   * `node-unreachable` if none of them gives all of it, with `sources-failed` if that is because what they sent is not genuine, and with `feed-forked`.
   */
  async fetch(subfeed: SubfeedAddress, { own, sources }: HeadSurveyResult, options: FetchOptions): Promise<void> {
    const wanted = Math.max(0, ...sources.map(({ head }) => head?.length ?? 0));
    let length = own.head?.length ?? 0;
    const failures: unknown[] = [];
    for (const source of inOrder(sources, wanted)) {
      if (length >= wanted || (source.head?.length ?? 0) <= length) continue;
      const onLength = (reached: number): void => {
        length = Math.max(length, reached);
        options.onLength(length);
      };
      try {
        await this.fetchFrom(source, subfeed, length, { ...options, onLength });
      } catch (error) {
        if (options.signal.aborted || (await this.isOurs(subfeed, error))) throw error;
        this.sources.noteFailure(source.peer, subfeed, error);
        failures.push(error);
      }
    }
    if (length < wanted) throw incomplete(subfeed, { length, wanted }, failures);
  }

  private async fetchFrom({ peer, nameJson }: SurveyedSource, subfeed: SubfeedAddress, position: number, { signal, onLength }: FetchOptions): Promise<void> {
    const failed = new AbortController();
    const intake = new BlockIntake(this.parts.feeds, [{ subfeed, nameJson }], {
      signal,
      onLength: (_lane, length) => {
        onLength(length);
      },
      onFailure: () => {
        failed.abort();
      },
    });
    try {
      const stop = AbortSignal.any([signal, failed.signal]);
      for await (const blocks of peer.feeds.readMessages(subfeed, position, { signal: stop })) await intake.take(0, blocks);
      await intake.finish();
    } catch (error) {
      throw intake.failure?.error ?? error;
    } finally {
      await intake.settle();
    }
  }

  /** Whether this node's own store failed, so that another source would not help; a fork that another node only tells of is not here. */
  private async isOurs(subfeed: SubfeedAddress, error: unknown): Promise<boolean> {
    if (isKacheryError(error, 'disk-full') || isKacheryError(error, 'storage-not-writable')) return true;
    if (!isKacheryError(error, 'feed-forked') && !isKacheryError(error, 'feed-not-found')) return false;
    const { fork } = await this.parts.feeds.findSubfeed(subfeed);
    return fork.length > 0;
  }
}

/** Those first that have all of it; the order is kept otherwise. */
function inOrder(sources: readonly SurveyedSource[], wanted: number): SurveyedSource[] {
  const hasAll = ({ head }: SurveyedSource): boolean => (head?.length ?? 0) >= wanted;
  return [...sources.filter(hasAll), ...sources.filter((source) => !hasAll(source))];
}

function incomplete(
  { feedId, subfeedHash }: SubfeedAddress,
  { length, wanted }: { readonly length: number; readonly wanted: number },
  failures: readonly unknown[],
): KacheryError {
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error))).join(' ');
  const areFalse = failures.length > 0 && failures.every((error) => isKacheryError(error, 'content-corrupt'));
  return new KacheryError(
    areFalse ? 'sources-failed' : 'node-unreachable',
    `feed://${feedId}/~${subfeedHash} has ${String(wanted)} messages, and only ${String(length)} of them came here: no connected node gave the rest. Try again in a while. ${reasons}`,
    { feed_id: feedId, subfeed_hash: subfeedHash, length: String(length), wanted: String(wanted) },
    { cause: failures.at(-1) },
  );
}
