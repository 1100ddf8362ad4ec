import { randomBytes } from 'node:crypto';

import test from 'ava';

import { isKacheryError } from '../../src/client/index.js';
import { daemonsWithForeignMember } from '../support/foreign-member.js';

// This takes as long as a node is waited for that may come back, and no processor time.
test('if the only one that has a file sends nothing, the load ends, and says who it was', async (t) => {
  const { nodes, start } = await daemonsWithForeignMember(t, 1);
  const [reader] = nodes;
  if (!reader) return t.fail();
  const member = await start();
  member.send = () => undefined;
  const contents = [randomBytes(300_000), randomBytes(25_000_000)];
  await Promise.all(
    contents.map(async (content) => {
      const error = await t.throwsAsync(reader.client.loadFile(`sha1://${member.store(content)}`));
      t.true(isKacheryError(error, 'node-unreachable') || isKacheryError(error, 'sources-failed'), String(error));
      t.regex(String(error), /foreign/);
    }),
  );
  t.is(await reader.client.loadText(await reader.client.storeText('still here')), 'still here');
});
