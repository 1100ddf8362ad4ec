import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import test from 'ava';

import { addressOf, appendOf, openFeeds, readAll, textsOf } from '../support/temporary-feeds.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const program = fileURLToPath(import.meta.resolve('./replica-writer.js'));
const appends = 400;

for (const killedAfter of [1, 100, 300]) {
  test.serial(
    `a node that is killed after it took over ${String(killedAfter)} appends has those, a whole beginning of the log, and goes on from there`,
    async (t) => {
      const [ownerFolder, replicaFolder] = [await temporaryFolder(t), await temporaryFolder(t)];
      const before = await openFeeds(t, ownerFolder);
      const { id } = await before.create();
      await Promise.all(
        Array.from({ length: appends }, (_, number) => before.append(appendOf(id, 'main', [`${String(number)}a`, `${String(number)}b`.padEnd(2_000)]))),
      );
      await before.close();

      const writer = spawn(process.execPath, [program, ownerFolder, replicaFolder, id], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(writer, 'exit');
      let told = 0;
      let acknowledged = 0;
      for await (const line of createInterface(writer.stdout)) {
        t.not(line, 'end');
        acknowledged = Number(line);
        if (++told === killedAfter) writer.kill('SIGKILL');
      }
      await ended;

      const [owner, replica] = [await openFeeds(t, ownerFolder), await openFeeds(t, replicaFolder)];
      const subfeed = addressOf(id, 'main');
      const kept = textsOf(await readAll(replica, id, 'main', 0, { withProofs: true }));
      t.true(kept.length >= acknowledged);
      t.is(kept.length % 2, 0);
      const whole = textsOf(await readAll(owner, id, 'main'));
      t.deepEqual(kept, whole.slice(0, kept.length));
      t.is((await replica.heads([subfeed]))[0]?.head?.length, kept.length);
      await replica.receive({ subfeed, blocks: await readAll(owner, id, 'main', kept.length, { withProofs: true }) });
      t.deepEqual(textsOf(await readAll(replica, id, 'main')), whole);
    },
  );
}
