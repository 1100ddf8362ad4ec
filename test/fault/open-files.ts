import { readdir, readlink } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';

import { type ExecutionContext } from 'ava';

import { type DaemonProcess, type TestNode } from './test-node.js';
import { until } from './until.js';

/** What a daemon has open: kinds of things with their number. What its database has open is its own affair. */
export type OpenFiles = Readonly<Record<string, number>>;

/** Looks at what a daemon has open. Undefined, and a line that says so, where the system does not tell. */
export async function openFiles(t: ExecutionContext, node: TestNode, daemon: DaemonProcess): Promise<OpenFiles | undefined> {
  if (platform() === 'linux') return look(node, daemon);
  t.log(`SKIPPED: ${t.title}: in part, since only Linux tells what a process has open`);
  return undefined;
}

/** Resolves when a daemon has open what it had before. */
export async function untilOpenFilesAre(before: OpenFiles | undefined, node: TestNode, daemon: DaemonProcess): Promise<void> {
  if (!before) return;
  const wanted = JSON.stringify(before);
  let now = '';
  await until(`as many open files as before, ${wanted}`, async () => (now = JSON.stringify(await look(node, daemon))) === wanted).catch((error: unknown) => {
    throw new Error(`Now there are ${now}.`, { cause: error });
  });
}

async function look(node: TestNode, daemon: DaemonProcess): Promise<OpenFiles> {
  const folder = `/proc/${String(daemon.pid)}/fd`;
  const counts = new Map<string, number>();
  for (const name of await readdir(folder)) {
    const target = await readlink(join(folder, name)).catch(() => undefined);
    if (target === undefined || target.startsWith(join(node.storageDir, 'index'))) continue;
    const kind = target.replace(/\[\d+\]$/, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([one], [other]) => one.localeCompare(other)));
}
