/** Loads a large content from two nodes in memory into the storage directory that it is given, says how far it is, line by line, and waits to be killed. */
import { systemClock } from '../../src/core/clock.js';
import { LocalStorage } from '../../src/storage/local-storage.js';
import { FileFetcher } from '../../src/transfer/file-fetcher.js';
import { idOf } from './content-of.js';
import { type FetchUntilKilledLine } from './fetch-until-killed-line.js';
import { largeContent, nodesWithLargeContent } from './large-content.js';
import { MemoryNetwork, stall } from './memory-network.js';

const [dir = ''] = process.argv.slice(2);
const id = idOf(largeContent);
let [loadedBytes, verifiedBytes] = [0, 0];
function tell(): void {
  const line: FetchUntilKilledLine = { loadedBytes, verifiedBytes };
  console.log(JSON.stringify(line));
}
const log = {
  begin: () => ({
    add: (bytes: number) => {
      verifiedBytes += bytes;
      tell();
    },
    end: () => undefined,
  }),
};
const nodes = nodesWithLargeContent();
// It is never done, however late it is killed.
const lastBytes = largeContent.byteLength - 1;
for (const node of nodes) node.script = ({ id: of, position, bytes }) => (of === id && position + bytes.byteLength > lastBytes ? stall() : bytes);
const store = await LocalStorage.open(dir, { role: 'daemon' });
const fetcher = new FileFetcher({ store, peers: new MemoryNetwork(...nodes), clock: systemClock, log }, { progressMs: 0 });
for await (const event of fetcher.load({ id })) {
  if (event.kind === 'progress') ({ loadedBytes } = event);
  tell();
}
