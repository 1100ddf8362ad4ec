import { throwIfCancelled } from '../../core/cancellation.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type SubfeedAddress } from '../../core/subfeed.js';
import { type Peer } from '../../network/peer.js';
import { BlockIntake, type IntakeLane } from './block-intake.js';
import { type CatchUp } from './catch-up.js';
import { type HeadSurvey } from './head-survey.js';
import { type ReplicationParts } from './replication-parts.js';

/** What a watch works with. */
export interface PeerWatchParts {
  readonly feeds: ReplicationParts['feeds'];
  readonly survey: HeadSurvey;
  readonly catchUp: CatchUp;
}

/** What one node is asked to tell. */
export interface PeerWatchTask {
  readonly peer: Peer;
  /** At most limits.maxPeerBatchFeeds. */
  readonly subfeeds: readonly SubfeedAddress[];
  /** Whether others are asked for the same: then what is far behind is fetched from one of them first. */
  readonly isShared: boolean;
}

/** Who wants to hear of a watch. */
export interface PeerWatchListener {
  /** Messages came, and were genuine. */
  progressed(): void;
  /** The call ended, though nobody ended it: with what it failed with, and with the subfeed if it was its messages that could not be written. */
  failed(error: unknown, subfeed: SubfeedAddress | undefined): void;
}

/** Messages by which a subfeed may be behind when several nodes begin to tell of it. */
const maxSharedMessages = 1_000;

/** One call that follows subfeeds of one node, from where they end here. */
export class PeerWatch {
  readonly peer: Peer;
  readonly subfeeds: readonly SubfeedAddress[];
  /** Resolves when nothing of it works any more. */
  readonly ended: Promise<void>;
  private readonly controller = new AbortController();
  private readonly lanes: readonly IntakeLane[];
  /** Those that have messages here and no name yet. */
  private readonly unnamed = new Set<IntakeLane>();
  private learning: Promise<void> | undefined;

  /** Begins at once. */
  constructor(
    private readonly parts: PeerWatchParts,
    private readonly task: PeerWatchTask,
    private readonly listener: PeerWatchListener,
  ) {
    this.peer = task.peer;
    this.subfeeds = task.subfeeds;
    this.lanes = task.subfeeds.map((subfeed) => ({ subfeed }));
    this.ended = this.run();
  }

  /** Ends it. May be called again. */
  stop(): void {
    this.controller.abort(new KacheryError('cancelled', 'These subfeeds are not followed any more.'));
  }

  private async run(): Promise<void> {
    const compared = this.compare();
    if (this.task.isShared) await compared;
    if (!this.controller.signal.aborted) await this.watch(compared);
    await Promise.all([compared, this.learning]);
  }

  private async watch(compared: Promise<void>): Promise<void> {
    const { signal } = this.controller;
    const intake = new BlockIntake(this.parts.feeds, this.lanes, {
      signal,
      onLength: (lane) => {
        this.noteProgress(lane);
      },
      onFailure: () => {
        this.end(intake.failure?.error, intake.failure?.lane.subfeed);
      },
    });
    try {
      const heads = await this.parts.feeds.heads(this.subfeeds);
      const watched = heads.map(({ subfeed, head }) => ({ ...subfeed, position: head?.length ?? 0 }));
      for await (const { index, blocks } of this.peer.feeds.watchMessages(watched, { signal })) await intake.take(index, blocks);
      throw new KacheryError('node-unreachable', 'The node ended a call that goes on for ever.');
    } catch (error) {
      // A node that knows two histories says so in its heads, with the proof.
      if (isKacheryError(error, 'feed-forked')) await compared;
      this.end(intake.failure?.error ?? error, intake.failure?.lane.subfeed);
    }
    await intake.settle();
  }

  private end(error: unknown, subfeed?: SubfeedAddress): void {
    if (this.controller.signal.aborted) return;
    this.stop();
    this.listener.failed(error, subfeed);
  }

  private noteProgress(lane: IntakeLane): void {
    this.listener.progressed();
    if (lane.nameJson !== undefined) return;
    this.unnamed.add(lane);
    this.learning ??= this.learnNames().finally(() => {
      this.learning = undefined;
    });
  }

  /** Compares what the node says of the ends of the subfeeds with what is here: it could tell another history, and would never send what contradicts this one. */
  private async compare(): Promise<void> {
    try {
      const behind = await this.examine(this.lanes);
      if (this.task.isShared) for (const subfeed of behind) await this.catchUp(subfeed);
    } catch (error) {
      this.end(error);
    }
  }

  /** Whatever is left after it comes with the watch, from each of the nodes. */
  private async catchUp(subfeed: SubfeedAddress): Promise<void> {
    const { signal } = this.controller;
    await this.parts.catchUp.run(subfeed, { signal }).catch(() => undefined);
    throwIfCancelled(signal);
  }

  /** A subfeed that comes into being while it is followed gets its name then; messages come without it. */
  private async learnNames(): Promise<void> {
    try {
      while (this.unnamed.size > 0 && !this.controller.signal.aborted) {
        const lanes = [...this.unnamed];
        this.unnamed.clear();
        await this.examine(lanes);
        for (const { subfeed, nameJson } of lanes) if (nameJson !== undefined) await this.parts.feeds.receive({ subfeed, nameJson, blocks: [] });
      }
    } catch (error) {
      this.end(error);
    }
  }

  /** Resolves with the subfeeds that are far behind. */
  private async examine(lanes: readonly IntakeLane[]): Promise<SubfeedAddress[]> {
    const subfeeds = lanes.map(({ subfeed }) => subfeed);
    const told = await this.peer.feeds.heads(subfeeds, { signal: this.controller.signal });
    const own = await this.parts.feeds.heads(subfeeds);
    const behind: SubfeedAddress[] = [];
    for (const [index, lane] of lanes.entries()) {
      const [there, here] = [told[index], own[index]];
      if (!there || !here) continue;
      lane.nameJson = there.nameJson ?? here.nameJson;
      const isGood = await this.parts.survey.examine(this.peer, there, here);
      if (!isGood) throw new KacheryError('node-unreachable', 'The node shows heads that are not genuine.');
      if ((there.head?.length ?? 0) > (here.head?.length ?? 0) + maxSharedMessages) behind.push(lane.subfeed);
    }
    return behind;
  }
}
