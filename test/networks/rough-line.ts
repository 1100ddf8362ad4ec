import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { ExecutionContext } from 'ava';

import { type NatRouter } from './nat-router.js';

/** How rough a line is, in each of its directions. */
export interface Roughness {
  readonly delayMs: number;
  /** Share of packets, from 0 to 1, that is lost. */
  readonly lost: number;
  /** Share of packets that is overtaken by those behind it. */
  readonly late: number;
}

/**
 * Sends everything that a router passes on over a long and rough line, as long as the test runs. Resolves with false, after a line that says so, where there are
 * no TUN devices. Needs Python.
 */
export async function makeRough(t: ExecutionContext, { outside }: NatRouter, { delayMs, lost, late }: Roughness): Promise<boolean> {
  if (!existsSync('/dev/net/tun')) {
    t.log(`SKIPPED: ${t.title}: it needs a line of its own, but this machine has no TUN devices (/dev/net/tun)`);
    t.pass();
    return false;
  }
  const device = 'rough';
  const [program, ...words] = [...outside.launcher, process.env['PYTHON'] ?? 'python3', resolve('test/networks/rough_line.py'), device];
  const child = spawn(program, [...words, ...[delayMs, lost, late].map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('There is no TUN device.')))]);
  await outside.run(['ip', 'link', 'set', 'dev', device, 'up']);
  await outside.run(['ip', 'route', 'add', 'default', 'dev', device, 'table', '100']);
  // What came out of the device has come from elsewhere, and takes the usual way.
  for (const from of ['wire', 'inside']) await outside.run(['ip', 'rule', 'add', 'iif', from, 'lookup', '100']);
  for (const each of ['all', 'default', device]) await outside.run(['sysctl', '-q', '-w', `net.ipv4.conf.${each}.rp_filter=0`]);
  return true;
}
