import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type KillMoment } from './kill-moment.js';
import { type NotedOperation } from './noted-operation.js';
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

  /** From now on operations do not count any more. Resolves with those that did. */
  async disarm(): Promise<NotedOperation[]> {
    await rm(this.armedPath);
    return this.noted();
  }

  /** The operations that counted until now, in their order. */
  noted(): NotedOperation[] {
    const log = existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
    return log
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as NotedOperation);
  }
}

/** Moments at which a work that does these operations is worth being killed: the first and the last of each kind of operation, and what can happen to a write. */
export function killMoments(noted: readonly NotedOperation[]): KillMoment[] {
  const operations = noted.filter(({ phase }) => phase === 'begun');
  return [...new Set(operations.map(({ name }) => name))].flatMap((name) => {
    const same = operations.filter((other) => other.name === name);
    const ends = [...new Set([1, same.length])];
    const moments: KillMoment[] = ends.map((number) => ({ operation: name, number, how: 'before' }));
    if (same[0]?.operation !== 'write') return moments;
    moments.push(...ends.map((number): KillMoment => ({ operation: name, number, how: 'half' })));
    return same.length > ends.length ? [...moments, { operation: name, number: same.length >> 1, how: 'out of order' }] : moments;
  });
}
