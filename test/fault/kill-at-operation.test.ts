import test from 'ava';

import { CrashCheck, type CrashedStore } from './crash-check.js';
import { DoomedDaemon, killMoments } from './doomed-daemon.js';
import { type KillMoment } from './kill-moment.js';
import { type NodeCalls } from './node-calls.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { storeKinds } from './store-work.js';
import { TestNode } from './test-node.js';

/** Rounds of each kind; FAULT_ROUNDS=1000 tries every moment that there is, which takes some minutes. */
const maxRounds = Number(process.env['FAULT_ROUNDS'] ?? 6);

/** Lets the daemon do at once what it puts off after batches: a removal waits for that. */
async function settleBatches(calls: NodeCalls): Promise<void> {
  await calls.deleteFile(sha1Of(Buffer.from('never stored'))).catch(() => undefined);
}

for (const kind of storeKinds) {
  test.serial(`${kind.name}: a daemon that is killed at any operation on its storage directory loses nothing and goes on after a restart`, async (t) => {
    const node = await TestNode.create(t, { unprivileged: true });
    const doom = new DoomedDaemon(node);
    const check = new CrashCheck(t, node, kind);
    let crash: CrashedStore | undefined;

    const run = async (number: number, moment?: KillMoment): Promise<string[]> => {
      const daemon = await node.start(doom.variables(moment));
      const calls = await node.connect(daemon);
      if (crash) await check.check(calls, crash);
      const work = await kind.work(node, number);
      await doom.arm();
      const isAcknowledged = await work.run(calls).then(
        () => true,
        () => false,
      );
      await settleBatches(calls);
      // A folder that is there already is not made again, so that not every operation comes with every content.
      if (isAcknowledged && daemon.isRunning) await daemon.kill();
      t.is(await daemon.end(), 'SIGKILL', JSON.stringify(moment));
      crash = { work, isAcknowledged, moment: JSON.stringify(moment) };
      calls.close();
      return doom.disarm();
    };

    const all = killMoments(await run(0));
    const moments = new Seeded(kind.name).some(all, maxRounds);
    t.log(`${String(moments.length)} of ${String(all.length)} moments`);
    for (const [index, moment] of moments.entries()) await run(index + 1, moment);
    const calls = await node.connect(await node.start());
    if (crash) await check.check(calls, crash);
    await check.checkAll(calls);
  });
}
