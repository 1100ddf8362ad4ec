import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type KillMoment } from './kill-moment.js';
import { type TestNode } from './test-node.js';

/** Daemons of a node that die at an operation on their storage directory; see kill-at-operation.ts. */
export class DoomedDaemon {
  private readonly armedPath: string;
  private readonly logPath: string;

  constructor(private readonly node: TestNode) {
    this.armedPath = join(node.dir, 'armed');
    this.logPath = join(node.dir, 'operations.log');
  }

  /** Environment of a daemon that dies at this moment, once it is armed, or that only notes its operations. */
  variables(moment?: KillMoment): Record<string, string> {
    return {
      NODE_OPTIONS: `--import ${import.meta.resolve('./kill-at-operation.js')}`,
      FAULT_STORAGE: this.node.storageDir,
      FAULT_ARMED: this.armedPath,
      FAULT_LOG: this.logPath,
      ...(moment && { FAULT_AT: JSON.stringify(moment) }),
    };
  }

  /** From now on operations count. */
  async arm(): Promise<void> {
    await rm(this.logPath, { force: true });
    await writeFile(this.armedPath, '');
  }

  /** From now on operations do not count any more. Resolves with the names of those that did, in their order. */
  async disarm(): Promise<string[]> {
    await rm(this.armedPath);
    const log = await readFile(this.logPath, 'utf8').catch(() => '');
    return log.split('\n').slice(0, -1);
  }
}

/** Moments at which a work that does these operations is worth being killed: the first and the last of each kind of operation, and what can happen to a write. */
export function killMoments(operations: readonly string[]): KillMoment[] {
  return [...new Set(operations)].flatMap((operation) => {
    const count = operations.filter((other) => other === operation).length;
    const ends = [...new Set([1, count])];
    const moments: KillMoment[] = ends.map((number) => ({ operation, number, how: 'before' }));
    if (!operation.includes(': write ')) return moments;
    moments.push(...ends.map((number): KillMoment => ({ operation, number, how: 'half' })));
    const hasOthersBeside = operation.includes(' beside others ') && count > 2;
    return hasOthersBeside ? [...moments, { operation, number: count >> 1, how: 'out of order' }] : moments;
  });
}
