import { type BigIntStats } from 'node:fs';
import { type FileIdentity } from './content-index.js';

const clockTickNs = 50_000_000n;
const coarseTickNs = 2_000_000_000n;

/** The identity of a file in its present state, from its device, inode, size and times. */
export function fileIdentity(stats: BigIntStats): FileIdentity {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join('-') as FileIdentity;
}

/**
 * Tells whether a later change of the file would show in its identity: not while the file's times are so young that a change could fall into the same tick
 * of the file system's clock. Whole seconds mean a file system that keeps no finer times.
 */
export function isSettled(stats: BigIntStats, nowMs: number): boolean {
  const isCoarse = stats.mtimeNs % 1_000_000_000n === 0n && stats.ctimeNs % 1_000_000_000n === 0n;
  const youngest = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  return BigInt(Math.floor(nowMs)) * 1_000_000n - youngest > (isCoarse ? coarseTickNs : clockTickNs);
}

/** The modification time as kachery-p2p 0.8 records it: seconds as the nearest double, computed as Python computes `st_mtime`. */
export function modificationTimeSeconds(stats: BigIntStats): number {
  return Number(stats.mtimeNs / 1_000_000_000n) + 1e-9 * Number(stats.mtimeNs % 1_000_000_000n);
}
