import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type ExecutionContext } from 'ava';

import { type NodeCalls } from './node-calls.js';
import { sha1Of } from './sha1-of.js';
import { StorageState } from './storage-state.js';
import { type StoreKind, type StoreWork } from './store-work.js';
import { type DaemonProcess, type TestNode } from './test-node.js';

/** A store that a daemon was killed in, or behind. */
interface CrashedStore {
  readonly work: StoreWork;
  readonly isAcknowledged: boolean;
  /** When it was killed, for messages. */
  readonly moment: string;
}

/** How a daemon is brought to its end. */
export interface Strike {
  /** Environment of the daemon. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Called right before the store begins. Nobody waits for more than what it does at once, and for what it resolves with. */
  readonly prepare: (daemon: DaemonProcess, work: StoreWork) => void | Promise<void>;
}

/** A node that stores, whose daemon is killed again and again: each new one finds what the one before left. */
export class CrashSeries {
  private readonly state: StorageState;
  private readonly acknowledged = new Set<string>();
  private crash: CrashedStore | undefined;
  private count = 0;

  constructor(
    private readonly t: ExecutionContext,
    private readonly node: TestNode,
    private readonly kind: StoreKind,
  ) {
    this.state = new StorageState(t, node.layout);
  }

  /** Starts a daemon, checks what it finds, and has it killed in the next store, or behind it. */
  async round(moment: string, { variables, prepare }: Strike): Promise<void> {
    const daemon = await this.node.start(variables);
    const calls = await this.node.connect(daemon);
    await this.checkLast(calls);
    const work = await this.kind.work(this.node, this.count++);
    await prepare(daemon, work);
    const isAcknowledged = await work.run(calls).then(
      () => true,
      () => false,
    );
    if (isAcknowledged) await settleBatches(calls);
    // A moment need not come: a folder that is there already is not made again.
    if (isAcknowledged && daemon.isRunning) await daemon.kill();
    this.t.is(await daemon.end(), 'SIGKILL', moment);
    calls.close();
    this.crash = { work, isAcknowledged, moment };
  }

  /** Starts a last daemon, and checks everything. */
  async finish(): Promise<void> {
    const calls = await this.node.connect(await this.node.start());
    await this.checkLast(calls);
    this.t.deepEqual(await calls.verify(), []);
    this.t.deepEqual(await calls.missing([...this.acknowledged]), []);
  }

  /** Checks what the last crash left, and that the same can be stored again now. */
  private async checkLast(calls: NodeCalls): Promise<void> {
    if (!this.crash) return;
    const { work, isAcknowledged, moment } = this.crash;
    const { t } = this;
    const sha1s = work.contents.map(sha1Of);
    if (isAcknowledged) for (const sha1 of sha1s) this.acknowledged.add(sha1);
    await this.state.check(moment);
    t.deepEqual(await this.state.journals(), [], `${moment}: journals are settled`);
    t.deepEqual(await calls.missing([...this.acknowledged]), [], `${moment}: what was acknowledged is there`);
    await this.checkUploads(calls, work, moment);
    await work.run(calls);
    for (const bytes of work.contents) t.true(bytes.equals(await calls.readWhole(sha1Of(bytes))), `${moment}: the content comes back`);
    t.deepEqual(await this.state.uploads(), [], `${moment}: nothing is kept of an upload that is done`);
    for (const sha1 of sha1s) this.acknowledged.add(sha1);
    if (this.kind.isLarge) await this.remove(calls, sha1s);
  }

  /** What is kept of an upload has a name, says how much it is, and belongs to the one that was interrupted. */
  private async checkUploads(calls: NodeCalls, { uploadId }: StoreWork, moment: string): Promise<void> {
    const names = await this.state.uploads();
    if (names.length === 0 || uploadId === undefined) {
      this.t.deepEqual(names, [], `${moment}: no upload is kept that nobody can name`);
      if (uploadId !== undefined) this.t.is(await calls.committedBytes(uploadId), undefined);
      return;
    }
    this.t.deepEqual(names, [`${uploadId}.json`, `${uploadId}.part`], `${moment}: an interrupted upload is kept with what was claimed of it`);
    const { size } = await stat(join(this.node.layout.uploadsDir, `${uploadId}.part`));
    this.t.is(await calls.committedBytes(uploadId), size, `${moment}: the upload can go on behind what is kept`);
  }

  private async remove(calls: NodeCalls, sha1s: readonly string[]): Promise<void> {
    for (const sha1 of sha1s) {
      await calls.deleteFile(sha1);
      this.acknowledged.delete(sha1);
    }
  }
}

/** Lets the daemon do at once what it puts off after batches: a removal waits for that. */
async function settleBatches(calls: NodeCalls): Promise<void> {
  await calls.deleteFile(sha1Of(Buffer.from('never stored'))).catch(() => undefined);
}
