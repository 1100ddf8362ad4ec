import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';

import { parseContentId } from '../../src/core/content-id.js';
import { CrashSeries } from './crash-series.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { largeBytes, type StoreKind, storeKinds, type StoreWork } from './store-work.js';
import { TestNode } from './test-node.js';
import { until } from './until.js';

const roundsPerKind = 2;

/** What can be seen of a store in the storage directory, and that it is there. */
interface Sight {
  readonly name: string;
  isThere(node: TestNode, work: StoreWork): boolean;
}

function sightsOf({ isLarge }: StoreKind, chance: Seeded): Sight[] {
  const rooms = ['temporaryDir', 'uploadsDir', 'journalDir'] as const;
  const appearing = rooms.map((room): Sight => ({ name: `something appears in ${room}`, isThere: ({ layout }) => readdirSync(layout[room]).length > 0 }));
  const named: Sight = {
    name: 'the content has its name',
    isThere: ({ layout }, { contents }) => contents.some((bytes) => existsSync(layout.contentPath(parseContentId(sha1Of(bytes))))),
  };
  const acknowledged: Sight = { name: 'it is acknowledged', isThere: () => false };
  return [...appearing, named, acknowledged, ...(isLarge ? grown(chance) : [])];
}

/** A file that is being written has reached a size. */
function grown(chance: Seeded): Sight[] {
  return [0, 1, 2].map(() => {
    const sizeBytes = chance.below(largeBytes);
    const isThere = ({ layout }: TestNode): boolean =>
      [layout.temporaryDir, layout.uploadsDir].some((folder) => readdirSync(folder).some((name) => sizeOf(join(folder, name)) >= sizeBytes));
    return { name: `${String(sizeBytes)} bytes are there`, isThere };
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

for (const kind of storeKinds) {
  test.serial(`${kind.name}: a daemon that is killed from outside, as soon as something is seen, loses nothing and goes on after a restart`, async (t) => {
    const node = await TestNode.create(t, { unprivileged: true });
    const series = new CrashSeries(t, node, kind);
    const chance = new Seeded(`${kind.name} from outside`);
    for (const sight of chance.some(sightsOf(kind, chance), roundsPerKind)) {
      let watching: Promise<unknown> = Promise.resolve();
      await series.round(sight.name, {
        prepare: (daemon, work) => {
          watching = until(sight.name, () => {
            if (sight.isThere(node, work)) daemon.signal('SIGKILL');
            return !daemon.isRunning;
          });
        },
      });
      await watching;
    }
    await series.finish();
  });
}
