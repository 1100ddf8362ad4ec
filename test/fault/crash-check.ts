import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type ExecutionContext } from 'ava';

import { type NodeCalls } from './node-calls.js';
import { sha1Of } from './sha1-of.js';
import { StorageState } from './storage-state.js';
import { type StoreKind, type StoreWork } from './store-work.js';
import { type TestNode } from './test-node.js';

/** A store that a daemon was killed in, or behind. */
export interface CrashedStore {
  readonly work: StoreWork;
  readonly isAcknowledged: boolean;
  /** When it was killed, for messages. */
  readonly moment: string;
}

/** What must be true of a node whose daemon was killed and started again. */
export class CrashCheck {
  private readonly state: StorageState;
  private readonly acknowledged = new Set<string>();

  constructor(
    private readonly t: ExecutionContext,
    private readonly node: TestNode,
    private readonly kind: StoreKind,
  ) {
    this.state = new StorageState(t, node.layout);
  }

  /** Checks what a daemon finds, and that the same can be stored again now. */
  async check(calls: NodeCalls, { work, isAcknowledged, moment }: CrashedStore): Promise<void> {
    const { t } = this;
    const sha1s = work.contents.map(sha1Of);
    if (isAcknowledged) for (const sha1 of sha1s) this.acknowledged.add(sha1);
    await this.state.check(moment);
    t.deepEqual(await this.state.journals(), [], `${moment}: journals are settled`);
    t.deepEqual(await calls.missing([...this.acknowledged]), [], `${moment}: what was acknowledged is there`);
    await this.checkUploads(calls, work, moment);
    await work.run(calls);
    await this.checkReadable(calls, work, moment);
    t.deepEqual(await this.state.uploads(), [], `${moment}: nothing is kept of an upload that is done`);
    for (const sha1 of sha1s) this.acknowledged.add(sha1);
    if (this.kind.isLarge) await this.remove(calls, sha1s);
  }

  /** Checks everything with the daemon's own eyes. */
  async checkAll(calls: NodeCalls): Promise<void> {
    this.t.deepEqual(await calls.verify(), []);
    this.t.deepEqual(await calls.missing([...this.acknowledged]), []);
  }

  private async checkReadable(calls: NodeCalls, { contents }: StoreWork, moment: string): Promise<void> {
    for (const bytes of contents) this.t.true(bytes.equals(await calls.readWhole(sha1Of(bytes))), `${moment}: the content comes back`);
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
