// Appends how busy this machine's processors are to a feed, some times a second, until Ctrl-C:
//
//   node record-load.mjs [--feed NAME] [--every MILLISECONDS] [--samples COUNT]
//
// The first line of output is the URI of the samples, for live-plot.mjs.
// @ts-check

import { cpus } from 'node:os';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { connect, isKacheryError } from 'kachery-p2p';

const { values: options } = parseArgs({
  options: {
    feed: { type: 'string', default: 'machine-load' },
    every: { type: 'string', default: '200' },
    samples: { type: 'string', default: 'Infinity' },
  },
});

const client = await connect();
const feed = await client.feeds.load(options.feed).catch((error) => {
  if (isKacheryError(error, 'feed-not-found')) return client.feeds.create(options.feed);
  throw error;
});
const samples = feed.subfeed('busy');
console.log(samples.uri);

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
try {
  let before = processorTimes();
  for (let left = Number(options.samples); left > 0; left -= 1) {
    await wait(Number(options.every), undefined, { signal: interrupted.signal });
    const now = processorTimes();
    const passed = now.total - before.total;
    await samples.append([{ busy: passed > 0 ? Math.round(((now.busy - before.busy) / passed) * 1000) / 1000 : 0 }]);
    before = now;
  }
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
} finally {
  await client.close();
}

/** Milliseconds that all processors together have spent since the machine was started. */
function processorTimes() {
  const times = cpus().flatMap(({ times: { user, nice, sys, irq, idle } }) => [{ busy: user + nice + sys + irq, total: user + nice + sys + irq + idle }]);
  return times.reduce((sum, { busy, total }) => ({ busy: sum.busy + busy, total: sum.total + total }), { busy: 0, total: 0 });
}
