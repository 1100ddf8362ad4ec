/** Loads a large content from two nodes in memory into the storage directory that it is given, says how far it is, line by line, and waits to be killed. */
import { systemClock } from '../../src/core/clock.js';
import { LocalStorage } from '../../src/storage/local-storage.js';
import { FileFetcher } from '../../src/transfer/file-fetcher.js';
import { idOf } from './content-of.js';
import { largeContent, nodesWithLargeContent } from './large-content.js';
import { MemoryNetwork } from './memory-network.js';

const [dir = ''] = process.argv.slice(2);
const store = await LocalStorage.open(dir, { role: 'daemon' });
const fetcher = new FileFetcher({ store, peers: new MemoryNetwork(...nodesWithLargeContent()), clock: systemClock }, { progressMs: 0 });
for await (const event of fetcher.load({ id: idOf(largeContent) })) {
  if (event.kind === 'progress') console.log(event.loadedBytes);
}
