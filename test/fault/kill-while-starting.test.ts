import { readdir } from 'node:fs/promises';

import test from 'ava';

import { DoomedDaemon, killMoments } from './doomed-daemon.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { StorageState } from './storage-state.js';
import { TestNode } from './test-node.js';
import { until } from './until.js';

/** Rounds; FAULT_ROUNDS=1000 tries every moment that there is. */
const maxRounds = Number(process.env['FAULT_ROUNDS'] ?? 4);

test.serial('a daemon that is killed while it starts, and puts right what a killed one left, loses nothing', async (t) => {
  const node = await TestNode.create(t, { unprivileged: true });
  const doom = new DoomedDaemon(node);
  const state = new StorageState(t, node.layout);
  const upload = new Seeded('an upload that waits').bytes(3_000_000);
  const uploadId = 'an-upload-that-waits';
  const acknowledged: string[] = [];

  /** A daemon that finds everything, and is killed with a batch that is acknowledged, an upload that is not whole, and a stream under way. */
  const leaveWork = async (number: number, moment: string): Promise<void> => {
    const daemon = await node.start();
    const calls = await node.connect(daemon);
    await state.check(moment);
    t.deepEqual(await calls.missing(acknowledged), [], moment);
    const header = { sizeBytes: 3_000_000n, sha1: sha1Of(upload), uploadId };
    t.is(await calls.committedBytes(uploadId), number === 0 ? undefined : 1_000_000, moment);
    if (number === 0) await calls.storeFile(upload.subarray(0, 1_000_000), header).catch(() => undefined);
    const contents = [0, 1, 2].map((index) => new Seeded(`left at a start ${String(number)} ${String(index)}`).bytes(2_000));
    const stream = calls.storeStream(unfinished()).catch(() => undefined);
    await until('the stream is being written', async () => (await readdir(node.layout.temporaryDir)).length > 0);
    acknowledged.push(...(await calls.storeFiles(contents)));
    await daemon.kill();
    await stream;
  };

  await leaveWork(0, 'at the beginning');
  await doom.arm();
  await (await node.start(doom.variables())).kill();
  const all = killMoments(await doom.disarm());
  const moments = new Seeded('moments of a start').some(all, maxRounds);
  t.log(`${String(moments.length)} of ${String(all.length)} moments`);
  for (const [index, moment] of moments.entries()) {
    await leaveWork(index + 1, JSON.stringify(moments[index - 1]));
    await doom.arm();
    t.is(await node.spawn(doom.variables(moment)).end(), 'SIGKILL', JSON.stringify(moment));
    await doom.disarm();
  }
  const calls = await node.connect(await node.start());
  await state.check('at the end');
  t.deepEqual(await calls.missing(acknowledged), []);
  t.is(await calls.storeResumable(upload, uploadId), sha1Of(upload));
  t.deepEqual(await calls.verify(), []);
  t.deepEqual((await readdir(node.storageDir)).sort(), ['client-auth', 'index', 'journal', 'kachery-node-id', 'partial', 'sha1', 'tmp', 'uploads']);
});

async function* unfinished(): AsyncGenerator<Buffer, void, undefined> {
  yield new Seeded('a stream that never ends').bytes(2_000_000);
  await new Promise(() => undefined);
}
