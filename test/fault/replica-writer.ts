import { systemClock } from '../../src/core/clock.js';
import { parseFeedId } from '../../src/core/feed-id.js';
import { LocalFeeds } from '../../src/feeds/local-feeds.js';
import { type MessageBlock } from '../../src/feeds/message-block.js';
import { addressOf } from '../support/temporary-feeds.js';

// A process that copies the subfeed "main" of a feed from one folder to another, append by append, and tells the length after each.
const [ownerFolder = '', replicaFolder = '', feedId = ''] = process.argv.slice(2);
const subfeed = addressOf(parseFeedId(feedId), 'main');

async function open(folder: string): Promise<LocalFeeds> {
  const onProblem = (error: unknown): void => {
    console.error(error);
  };
  const surroundings = { clock: systemClock, whoHasIt: () => Promise.resolve(undefined), onProblem };
  return LocalFeeds.open({ databaseDir: `${folder}/feeds`, keysDir: `${folder}/feed-keys` }, surroundings);
}

const [owner, replica] = [await open(ownerFolder), await open(replicaFolder)];
await replica.addReplica(subfeed.feedId);
let run: MessageBlock[] = [];
for await (const blocks of owner.read(subfeed, 0, { withProofs: true, signal: new AbortController().signal })) {
  for (const block of blocks) {
    run.push(block);
    if (!block.signature) continue;
    const length = await replica.receive({ subfeed, nameJson: '"main"', blocks: run });
    process.stdout.write(`${String(length)}\n`);
    run = [];
  }
}
process.stdout.write('end\n');
