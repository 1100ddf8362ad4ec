import { dirname } from 'node:path';

import { type NotedOperation } from './noted-operation.js';

/** A file, whatever it is called. */
interface Inode {
  isSynced: boolean;
}

/**
 * What is sure to be there after a power failure, if a disk keeps no more than it must: of a file what was written before it was synced, and of a folder the
 * names that it had when it was synced. What was there before the first operation is sure to be there, too.
 */
export class DurableState {
  /** What each path that was changed stands for now; undefined for what was removed. */
  private readonly now = new Map<string, Inode | undefined>();
  /** The same, as far as it would survive. */
  private readonly surviving = new Map<string, Inode | undefined>();

  /** `emptyFolder` is one that had nothing in it before the first operation. */
  constructor(private readonly emptyFolder: string) {}

  /** Hears of an operation. */
  apply({ phase, operation, path, to = '' }: NotedOperation): void {
    if (phase !== 'done') return;
    switch (operation) {
      case 'open':
        if (!this.now.get(path)) this.now.set(path, { isSynced: false });
        break;
      case 'write':
        this.inodeAt(path).isSynced = false;
        break;
      case 'fsync':
        this.sync(path);
        break;
      case 'mkdir':
        this.makeFolder(path);
        break;
      case 'rename':
        this.now.set(to, this.now.get(path));
        this.now.set(path, undefined);
        break;
      case 'link':
        this.now.set(to, this.now.get(path));
        break;
      case 'unlink':
        this.now.set(path, undefined);
        break;
      case 'copyFile':
        this.now.set(to, { isSynced: false });
        break;
      case 'chmod':
    }
  }

  /** Whether a file would be there, whole, with every folder that leads to it. */
  isSure(path: string): boolean {
    const inode = this.now.get(path);
    return inode !== undefined && inode.isSynced && this.hasSureNames(path, inode);
  }

  /** Whether all that was written to a file was synced. */
  isWhole(path: string): boolean {
    return this.now.get(path)?.isSynced ?? true;
  }

  private hasSureNames(path: string, inode: Inode | undefined): boolean {
    if (!this.now.has(path)) return path === dirname(path) || this.hasSureNames(dirname(path), this.now.get(dirname(path)));
    return this.surviving.get(path) === inode && this.hasSureNames(dirname(path), this.now.get(dirname(path)));
  }

  /** Makes a folder and, as `mkdir -p` does, those that lead to it. */
  private makeFolder(path: string): void {
    if (this.now.get(path)) return;
    if (dirname(path).startsWith(`${this.emptyFolder}/`)) this.makeFolder(dirname(path));
    this.now.set(path, { isSynced: true });
  }

  private sync(path: string): void {
    const inode = this.now.get(path);
    if (inode) inode.isSynced = true;
    for (const [name, named] of this.now) if (dirname(name) === path) this.surviving.set(name, named);
  }

  private inodeAt(path: string): Inode {
    const inode = this.now.get(path) ?? { isSynced: false };
    this.now.set(path, inode);
    return inode;
  }
}
