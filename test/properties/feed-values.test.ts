import test from 'ava';
import fc from 'fast-check';

import { startTestDaemon } from '../support/daemon.js';
import { allItems, connectSdk } from '../support/sdk-client.js';
import { sharedBefore } from '../support/suite-resources.js';

const shared = sharedBefore(test, async (t) => {
  const client = await connectSdk(t, await startTestDaemon(t));
  return { feed: await client.feeds.create(), mutables: client.mutables };
});

/** Any JSON value; with texts of any halves of surrogate pairs. Negative zero is the one number that JSON.stringify does not keep. */
const value = fc.oneof(fc.jsonValue(), fc.jsonValue({ stringUnit: 'binary' }), fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }));

test.serial('whatever is appended under whatever name is read as it was', async (t) => {
  const { feed } = shared();
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.array(fc.array(value, { minLength: 1, maxLength: 20 }), { maxLength: 4 }), async (name, batches) => {
      const subfeed = feed.subfeed(name);
      const position = await subfeed.getLength();
      for (const batch of batches) await subfeed.append(batch);
      const read = await allItems(feed.subfeed(JSON.parse(JSON.stringify(name))).read({ position, verified: true }));
      return JSON.stringify(read.map((message) => message.value)) === JSON.stringify(batches.flat());
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test.serial('whatever is set under whatever key is told as it was', async (t) => {
  const { mutables } = shared();
  await fc.assert(
    fc.asyncProperty(value, value, async (key, content) => {
      const { version } = await mutables.set(key, content);
      const found = await mutables.get(JSON.parse(JSON.stringify(key)));
      return found?.version === version && JSON.stringify([found.value]) === JSON.stringify([content]);
    }),
    { numRuns: 100 },
  );
  t.pass();
});
