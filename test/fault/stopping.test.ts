import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { isKacheryError, KacheryError } from '../../src/core/failure.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { StorageState } from './storage-state.js';
import { storeKinds } from './store-work.js';
import { type DaemonProcess, TestNode } from './test-node.js';
import { until } from './until.js';

const storesBeforeTheEnd = 30;

/** Does something again and again until the daemon is gone, and says so. */
async function untilStopped(t: ExecutionContext, work: (number: number) => Promise<void>): Promise<void> {
  for (let number = 0; ; number++) {
    try {
      await work(number);
    } catch (error) {
      t.true(isKacheryError(error, 'daemon-stopping') || isKacheryError(error, 'daemon-not-running'), String(error));
      if (error instanceof KacheryError) return;
      throw error;
    }
  }
}

test.serial('SIGTERM in the middle of stores of every kind and of reads loses nothing that was acknowledged, and leaves nothing behind', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const read = new Seeded('read while it stops').bytes(12_000_000);
  await (await node.connect(daemon)).storeFile(read);
  const acknowledged: string[] = [];
  const storing = storeKinds.map(async (kind) => {
    const calls = await node.connect(daemon);
    await untilStopped(t, async (number) => {
      const work = await kind.work(node, number);
      await work.run(calls);
      acknowledged.push(...work.contents.map(sha1Of));
    });
  });
  const reading = [0, 1].map(async () => {
    const calls = await node.connect(daemon);
    await untilStopped(t, async () => void t.true(read.equals(await calls.readWhole(sha1Of(read)))));
  });
  await until('stores are acknowledged', () => acknowledged.length >= storesBeforeTheEnd);
  daemon.signal('SIGTERM');
  await Promise.all([...storing, ...reading]);
  t.is(await daemon.end(), 0);
  t.false((await readdir(node.configDir)).includes('daemon.json'));
  const state = new StorageState(t, node.layout);
  await state.check('after SIGTERM');
  t.deepEqual(await state.uploads(), []);
  const calls = await node.connect(await node.start());
  t.deepEqual(await calls.missing(acknowledged), []);
  t.deepEqual(await calls.verify(), []);
});

test.serial('whatever a killed daemon left in its record, the next one starts', async (t) => {
  const other = await (await TestNode.create(t)).start();
  const node = await TestNode.create(t);
  const nodeId = await kill(await node.start());
  const recordPath = join(node.configDir, 'daemon.json');
  const record = JSON.parse(await readFile(recordPath, 'utf8')) as Record<string, unknown>;
  const left: Record<string, string> = {
    'as it was': JSON.stringify(record),
    'half of it': JSON.stringify(record).slice(0, 20),
    nothing: '',
    'the process id of another program': JSON.stringify({ ...record, pid: process.pid }),
    'the process id and the address of another daemon': JSON.stringify({ ...record, pid: other.pid, address: (await other.ready)?.address }),
  };
  for (const [name, content] of Object.entries(left)) {
    await writeFile(recordPath, content);
    const daemon = await node.start();
    t.is(await kill(daemon), nodeId, name);
    t.is((JSON.parse(await readFile(recordPath, 'utf8')) as { pid: number }).pid, daemon.pid, name);
  }
});

async function kill(daemon: DaemonProcess): Promise<string | undefined> {
  await daemon.kill();
  return (await daemon.ready)?.nodeId;
}
