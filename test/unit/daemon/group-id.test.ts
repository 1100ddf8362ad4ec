import test from 'ava';
import { readFile } from 'node:fs/promises';

import { groupId } from '../../../src/daemon/group-id.js';

test('a group is found by its name and by its number', async (t) => {
  const entries = (await readFile('/etc/group', 'utf8')).split('\n').filter((line) => /^\w+:[^:]*:\d+:/.test(line));
  const [name = '', , number = ''] = entries.at(-1)?.split(':') ?? [];
  t.is(await groupId(name), Number(number));
  t.is(await groupId(number), Number(number));
});

for (const name of ['no-such-group-here', 'a:b', '../etc/passwd', '']) {
  test(`there is no group ${JSON.stringify(name)}`, async (t) => {
    t.like(await t.throwsAsync(groupId(name)), { reason: 'invalid-argument' });
  });
}
