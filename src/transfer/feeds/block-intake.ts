import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type SubfeedAddress } from '../../core/subfeed.js';
import { type MessageBlock } from '../../feeds/message-block.js';
import { type ReplicaStore } from '../../feeds/replica-store.js';

/** A subfeed whose messages come from one node. */
export interface IntakeLane {
  readonly subfeed: SubfeedAddress;
  /** Its name as canonical JSON, once the node has told it. */
  nameJson?: string | undefined;
}

/** How messages are taken in. */
export interface IntakeOptions {
  readonly signal: AbortSignal;
  /** Hears how long a subfeed has become. */
  readonly onLength?: (lane: IntakeLane, length: number) => void;
  /** Hears that a write failed: there is no use in bringing more. */
  readonly onFailure?: () => void;
}

/** Why messages of a subfeed could not be written. */
export interface IntakeFailure {
  readonly lane: IntakeLane;
  readonly error: unknown;
}

interface LaneState {
  readonly lane: IntakeLane;
  /** What has come and is not being written; what stands behind the last signature waits for the next one. */
  blocks: MessageBlock[];
  isWriting: boolean;
}

/** Bytes that wait to be written before the node has to wait. */
const maxWaitingBytes = 8 * 1024 * 1024;
/** Bytes and blocks that are written at a time, but an append in any case: what follows is read and verified while whoever watches here takes the first. */
const maxRunBytes = 1024 * 1024;
const maxRunBlocks = 1_000;
/** Bytes of packing around a message. */
const packingBytes = 8;

/**
 * Writes the messages that one call of another node brings, for one or many subfeeds: while some are being written the next ones gather, so that many small
 * appends cost few writes.
 */
export class BlockIntake {
  /** Why it takes no more; undefined while it does. */
  failure: IntakeFailure | undefined;
  private readonly lanes: readonly LaneState[];
  private readonly working = new Set<Promise<void>>();
  private waitingBytes = 0;
  /** The one whose last messages have no signature yet: a node ends an append before it begins with another subfeed. */
  private unsigned: LaneState | undefined;
  private wake = (): void => undefined;

  constructor(
    private readonly store: Pick<ReplicaStore, 'receive'>,
    lanes: readonly IntakeLane[],
    private readonly options: IntakeOptions,
  ) {
    this.lanes = lanes.map((lane) => ({ lane, blocks: [], isWriting: false }));
  }

  /** Takes messages that follow those before of the same subfeed; resolves when there is room for more. Fails as an earlier write did. */
  async take(index: number, blocks: readonly MessageBlock[]): Promise<void> {
    const state = this.lanes[index];
    if (!state) throw new KacheryError('internal', `There is no subfeed ${String(index)} to take messages for.`);
    if (this.unsigned && this.unsigned !== state) this.fail(this.unsigned, withoutSignature(this.unsigned.lane.subfeed));
    for (const block of blocks) state.blocks.push(block);
    this.waitingBytes += sizeOf(blocks);
    this.checkUnsigned(state);
    this.start(state);
    while (this.waitingBytes > maxWaitingBytes && this.working.size > 0 && !this.failure) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.failure) throw this.failure.error;
  }

  /** Resolves when everything is written. Fails as a write did, and with `content-corrupt` if messages without a signature are left. */
  async finish(): Promise<void> {
    await this.settle();
    if (this.failure) throw this.failure.error;
    const left = this.lanes.find(({ blocks }) => blocks.length > 0);
    if (left) this.fail(left, withoutSignature(left.lane.subfeed));
  }

  /** Resolves when nothing is being written. Never fails. */
  async settle(): Promise<void> {
    while (this.working.size > 0) await Promise.all(this.working);
  }

  private start(state: LaneState): void {
    if (state.isWriting) return;
    state.isWriting = true;
    const work = this.write(state).finally(() => {
      state.isWriting = false;
      this.working.delete(work);
      this.wake();
    });
    this.working.add(work);
  }

  private async write(state: LaneState): Promise<void> {
    const { lane } = state;
    try {
      for (let run = takeRun(state); run.length > 0 && !this.failure; run = takeRun(state)) {
        const length = await this.store.receive({ subfeed: lane.subfeed, nameJson: lane.nameJson, blocks: run }, this.options);
        this.waitingBytes -= sizeOf(run);
        this.options.onLength?.(lane, length);
        this.wake();
      }
    } catch (error) {
      this.failure ??= { lane, error };
      this.options.onFailure?.();
    }
  }

  /** What was appended together ends with a signature, and has a size that is known: who sends more wants to fill the memory. */
  private checkUnsigned(state: LaneState): void {
    const tail = state.blocks.slice(state.blocks.findLastIndex(isSigned) + 1);
    this.unsigned = tail.length > 0 ? state : undefined;
    const count = tail.reduce((sum, block) => sum + block.count, 0);
    if (count > limits.maxAppendMessages || sizeOf(tail) > limits.maxAppendBytes + count * packingBytes) this.fail(state, withoutSignature(state.lane.subfeed));
  }

  private fail({ lane }: LaneState, error: KacheryError): never {
    this.failure ??= { lane, error };
    throw error;
  }
}

/** Takes away what can be written now: up to a signature. */
function takeRun(state: LaneState): MessageBlock[] {
  let [end, bytes] = [0, 0];
  for (const [index, block] of state.blocks.entries()) {
    bytes += block.packed.byteLength;
    if (isSigned(block)) end = index + 1;
    if (end > 0 && (bytes >= maxRunBytes || index + 1 >= maxRunBlocks)) break;
  }
  return state.blocks.splice(0, end);
}

function isSigned({ signature }: MessageBlock): boolean {
  return signature !== undefined;
}

function sizeOf(blocks: readonly MessageBlock[]): number {
  return blocks.reduce((sum, { packed }) => sum + packed.byteLength, 0);
}

function withoutSignature({ feedId, subfeedHash }: SubfeedAddress): KacheryError {
  const uri = `feed://${feedId}/~${subfeedHash}`;
  return new KacheryError('content-corrupt', `Messages of ${uri} that another node sent come without a signature. Get them from another node.`, { uri });
}
