import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

import { repositoryRoot } from './repository.js';

const tmpfsType = 0x01021994;

/** What a number depends on besides the code. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly system: string;
  readonly node: string;
  readonly python: string;
  /** Kind of the file system that was measured on. */
  readonly fileSystem: 'memory' | 'disk';
  /** Commit that was measured; with a `+` if the work tree had changes. */
  readonly revision: string;
}

/** The facts of this machine, for results measured in `dir`. */
export function machineFacts(dir: string, python: string): MachineFacts {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    python: outputOf(python, ['-V']),
    fileSystem: fileSystemOf(dir),
    revision: `${outputOf('git', ['rev-parse', '--short', 'HEAD'])}${outputOf('git', ['status', '--porcelain']) === '' ? '' : '+'}`,
  };
}

/** Whether a directory is in memory or on disk. */
export function fileSystemOf(dir: string): 'memory' | 'disk' {
  return statfsSync(dir).type === tmpfsType ? 'memory' : 'disk';
}

function outputOf(program: string, args: string[]): string {
  try {
    return execFileSync(program, args, { cwd: repositoryRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
