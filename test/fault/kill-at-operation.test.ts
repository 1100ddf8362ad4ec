import test from 'ava';

import { CrashSeries } from './crash-series.js';
import { DoomedDaemon, killMoments } from './doomed-daemon.js';
import { type KillMoment } from './kill-moment.js';
import { type NotedOperation } from './noted-operation.js';
import { Seeded } from './seeded.js';
import { storeKinds } from './store-work.js';
import { TestNode } from './test-node.js';

/** Rounds of each kind; FAULT_ROUNDS=1000 tries every moment that there is, which takes many minutes. */
const maxRounds = Number(process.env['FAULT_ROUNDS'] ?? 3);

for (const kind of storeKinds) {
  test.serial(`${kind.name}: a daemon that is killed at any operation on its storage directory loses nothing and goes on after a restart`, async (t) => {
    const node = await TestNode.create(t, { unprivileged: true });
    const doom = new DoomedDaemon(node);
    const series = new CrashSeries(t, node, kind);
    const round = async (moment?: KillMoment): Promise<NotedOperation[]> => {
      await series.round(JSON.stringify(moment), { variables: doom.variables(moment), prepare: () => doom.arm() });
      return doom.disarm();
    };
    const all = killMoments(await round());
    const moments = new Seeded(kind.name).some(all, maxRounds);
    t.log(`${String(moments.length)} of ${String(all.length)} moments`);
    for (const moment of moments) await round(moment);
    await series.finish();
  });
}
