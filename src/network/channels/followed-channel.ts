import { type Clock } from '../../core/clock.js';
import { type KacheryError } from '../../core/failure.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type ChannelAddress, isLocalFile } from './channel-address.js';
import { type ChannelCopy } from './channel-copies.js';
import { type ChannelReader, type ChannelReading } from './channel-reader.js';
import { type ChannelRoles } from './channel-roles.js';
import { type ChannelVersion } from './channel-source.js';

/** How often channels are read again, in milliseconds. */
export interface RefreshTimes {
  readonly refreshMs: number;
  /** After a first failure; the time doubles with each one, up to `refreshMs`. */
  readonly retryMs: number;
  /** Of files on this machine, whose unchanged ones cost next to nothing. */
  readonly fileCheckMs: number;
}

/** What channels are followed with. */
export interface FollowingParts {
  readonly reader: ChannelReader;
  readonly clock: Clock;
  /** A number from 0 to 1, without 1, each time another one: Math.random. */
  readonly random: () => number;
  readonly log: StructuredLog;
  /** Hears that something else is known of the channel than before. */
  readonly onChange: (channel: FollowedChannel) => void;
}

/** The text that came last, which need not be that of a channel: it is not parsed again before it changes. */
interface SeenText {
  readonly version: ChannelVersion;
  readonly failure: KacheryError | undefined;
}

/** A joined channel that is read again and again. What was read well last goes on to count when a read fails. Must be closed. */
export class FollowedChannel {
  /** Why the last read failed, for people; empty if it did not. */
  problem = '';
  private seen: SeenText | undefined;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly closed = new AbortController();
  /** Reads may overlap; what began earlier must not replace what began later. */
  private begunReads = 0;
  private newestRead = 0;

  constructor(
    readonly address: ChannelAddress,
    public roles: ChannelRoles,
    public copy: ChannelCopy | undefined,
    private readonly parts: FollowingParts,
    private readonly times: RefreshTimes,
  ) {
    this.seen = copy && { version: copy.version, failure: undefined };
  }

  /** Reads the channel in some time, and from then on again and again; at once if `isDue`. */
  follow(isDue: boolean): void {
    if (this.closed.signal.aborted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), isDue ? 0 : this.delayMs()).unref();
  }

  /** Reads the channel now. Never fails: the problem tells. */
  async refresh(): Promise<void> {
    const number = ++this.begunReads;
    const { signal } = this.closed;
    const before = { seen: this.seen, copy: this.copy };
    try {
      const reading = await this.parts.reader.read(this.address, { signal, known: before.seen?.version });
      if (!signal.aborted && number > this.newestRead) this.take(number, reading, before);
    } catch (error) {
      if (!signal.aborted && number > this.newestRead) this.fail(number, error);
    }
    this.follow(false);
  }

  /** Ends the following and a read that is under way. May be called again. */
  close(): void {
    clearTimeout(this.timer);
    this.closed.abort(new Error('the channel was left, or the daemon stops'));
  }

  /** `before` is what was known when the reading began, and what `same` refers to. */
  private take(number: number, reading: ChannelReading, before: { readonly seen: SeenText | undefined; readonly copy: ChannelCopy | undefined }): void {
    const { version } = reading;
    const failure = reading.kind === 'same' ? before.seen?.failure : reading.kind === 'invalid' ? reading.failure : undefined;
    this.seen = { version, failure };
    const config = reading.kind === 'read' ? reading.config : before.copy?.config;
    if (failure) this.fail(number, failure);
    else if (config) this.succeed(number, { config, version, readAtMs: this.parts.clock.now() });
  }

  private succeed(number: number, copy: ChannelCopy): void {
    const before = this.copy;
    this.newestRead = number;
    this.failures = 0;
    this.copy = copy;
    if (this.problem !== '') this.parts.log.info({ channel: copy.config.label }, 'the channel can be read again');
    this.problem = '';
    if (before?.config !== copy.config || JSON.stringify(before.version) !== JSON.stringify(copy.version)) this.parts.onChange(this);
  }

  private fail(number: number, error: unknown): void {
    this.newestRead = number;
    this.failures += 1;
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== this.problem) {
      // What stands behind a question mark may be a secret.
      const told = problem.replaceAll(this.address, this.address.replace(/\?.*$/, '?…'));
      this.parts.log.warn({ channel: this.copy?.config.label }, this.copy ? `${told} What it said before goes on to count.` : told);
    }
    this.problem = problem;
  }

  private delayMs(): number {
    const { refreshMs, retryMs, fileCheckMs } = this.times;
    const jitter = 0.9 + 0.2 * this.parts.random();
    if (isLocalFile(this.address)) return fileCheckMs * jitter;
    return jitter * (this.failures === 0 ? refreshMs : Math.min(refreshMs, retryMs * 2 ** (this.failures - 1)));
  }
}
