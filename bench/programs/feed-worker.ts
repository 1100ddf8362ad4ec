import { setTimeout as pause } from 'node:timers/promises';

import { connect, type Subfeed } from '../../src/client/index.js';
import { secondsOf } from '../measure.js';
import { serveOperations } from '../processes/serve-operations.js';

/** Works on feeds with a TypeScript client as the environment describes it. */
const client = await connect();

await serveOperations({
  warm: () => client.getNode(),
  create: async () => (await client.feeds.create()).id,
  open: ({ uri }) =>
    secondsOf(async () => {
      await (await client.feeds.loadSubfeed(String(uri))).getLength();
    }),
  appendOneByOne: async ({ uri, count }) => {
    const subfeed = await client.feeds.loadSubfeed(String(uri));
    return secondsOf(() => appendOneByOne(subfeed, Number(count)));
  },
  appendTogether: async ({ uris, count }) => {
    const subfeeds = await Promise.all((uris as string[]).map((uri) => client.feeds.loadSubfeed(uri)));
    return secondsOf(() => Promise.all(subfeeds.map((subfeed) => appendOneByOne(subfeed, Number(count) / subfeeds.length))));
  },
  appendBatches: async ({ uri, count, batch }) => {
    const subfeed = await client.feeds.loadSubfeed(String(uri));
    return secondsOf(async () => {
      for (let done = 0; done < Number(count); done += Number(batch)) {
        await subfeed.append(Array.from({ length: Number(batch) }, (_, index) => sample(done + index)));
      }
    });
  },
  read: async ({ uri, count }) => {
    const subfeed = await client.feeds.loadSubfeed(String(uri));
    return secondsOf(() => take(subfeed.read(), Number(count)));
  },
  follow: async ({ uri, position, count }) => {
    const subfeed = await client.feeds.loadSubfeed(String(uri));
    return secondsOf(() => take(subfeed.follow({ position: Number(position) }), Number(count)));
  },
  appendStamped: async ({ uri, count, pauseMs }) => {
    const subfeed = await client.feeds.loadSubfeed(String(uri));
    for (let done = 0; done < Number(count); done++) {
      await subfeed.append([{ sentNs: String(process.hrtime.bigint()) }]);
      await pause(Number(pauseMs));
    }
  },
  delays: async ({ uri, count }) => {
    const subfeed = await client.feeds.loadSubfeed(String(uri));
    const delaysMs: number[] = [];
    for await (const { value } of subfeed.follow()) {
      delaysMs.push(Number(process.hrtime.bigint() - BigInt((value as { sentNs: string }).sentNs)) / 1e6);
      if (delaysMs.length === Number(count)) break;
    }
    return delaysMs;
  },
});
await client.close();

async function appendOneByOne(subfeed: Subfeed, count: number): Promise<void> {
  for (let done = 0; done < count; done++) await subfeed.append([sample(done)]);
}

async function take(messages: AsyncIterable<unknown>, count: number): Promise<void> {
  let taken = 0;
  for await (const _ of messages) {
    taken++;
    if (taken === count) return;
  }
  throw new Error(`read ${String(taken)} of ${String(count)} messages`);
}

function sample(index: number): object {
  return { sample: index, channel: 'left', value: index / 7 };
}
