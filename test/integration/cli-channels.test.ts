import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { type CommandEnd, CommandLineUser } from '../support/command-line.js';
import { ChannelServer } from '../support/channel-server.js';
import { channelText, madeUpNodeId } from '../support/channel-text.js';
import { sharedBefore } from '../support/suite-resources.js';

const anna = madeUpNodeId(2);

const shared = sharedBefore(test, async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon(['--label', 'me']);
  return { user, nodeId: ready.nodeId, server: await ChannelServer.start(t) };
});

const run = (words: readonly string[], program = 'main.js'): Promise<CommandEnd> => shared().user.run(words, { program });
const jsonOf = ({ stdout }: CommandEnd): unknown => JSON.parse(stdout);

test.serial('without channels and peers people are told so, and programs nothing', async (t) => {
  t.like(await run(['get-channels']), { code: 0, stdout: '', stderr: 'No channel is joined. Join one with "kachery-p2p join-channel <address>".\n' });
  t.like(await run(['peers', '--json']), { code: 0, stdout: '', stderr: '' });
});

test.serial('a channel of the web is joined, told and left by its label', async (t) => {
  const { server, nodeId } = shared();
  const url = server.url('/lab');
  server.put(
    '/lab',
    channelText('the-lab', [
      { nodeId, roles: ['isDataProxy'] },
      { nodeId: anna, label: 'Anna' },
    ]),
  );
  t.like(await run(['join-channel', url, '--public']), {
    code: 0,
    stdout: `joined the-lab: authorised, 1 other node
  Send this to the owner of the channel the-lab, which does not grant this node the role public. In the file, the entry of this node needs these lines:
    - nodeId: "${nodeId}"
      nodeLabel: "me"
      isPublic: true
`,
  });
  t.like(await run(['join-channel', url, '--message-proxy', '--json']).then(jsonOf), { address: url, roles: { relay: true, public: false } });
  t.is((await run(['get-channels'])).stdout, `the-lab  authorised  0 of 1 connected  relay  ${url}\n`);
  t.like(jsonOf(await run(['get-channels', '--json'])), { address: url, label: 'the-lab', grantedRoles: { relay: true }, connectedNodes: 0 });
  t.regex((await run(['peers'])).stdout, /^Anna {2}00000000 {2}not connected( {2}[^\n]*)?\n$/);
  t.like(jsonOf(await run(['peers', '--json'])), { nodeId: anna, label: 'Anna', isConnected: false, channels: [url] });
  t.is((await run(['leave-channel', 'the-lab'])).stdout, 'left the-lab\n');
  const again = await run(['leave-channel', url, '--json']);
  t.is(again.code, 3);
  t.like(JSON.parse(again.stderr), { error: { reason: 'channel-not-joined' } });
});

test.serial('a path is taken from the working directory, also when the file is gone', async (t) => {
  const { user } = shared();
  await writeFile(join(user.dir, 'lab.yaml'), channelText('file-lab', [{ nodeId: anna, label: 'Anna', roles: ['isAdmin'] }]));
  const joined = await run(['lab.yaml'], 'kachery-p2p-join-channel.js');
  t.regex(joined.stdout, /^joined file-lab: not authorised yet, 1 other node\n {2}Send this to the owner of the channel file-lab \(Anna\), /);
  const { stdout } = await run([], 'kachery-p2p-get-channels.js');
  t.is(stdout.split('\n')[0], `file-lab  not authorised yet  0 of 1 connected  ${join(user.dir, 'lab.yaml')}`);
  t.regex(stdout, /\n {2}Send this to the owner.*\n {4}- nodeId: "/);
  await rename(join(user.dir, 'lab.yaml'), join(user.dir, 'moved.yaml'));
  t.is((await run(['lab.yaml'], 'kachery-p2p-leave-channel.js')).code, 0);
  t.is((await run(['get-channels'])).stdout, '');
});

test.serial('what is wrong with a channel is told with its line, and the exit code', async (t) => {
  const { user, server } = shared();
  await writeFile(join(user.dir, 'bad.yaml'), 'channelLabel: lab1\nauthorizedNodes:\n  - nodeId: ABC\n');
  const bad = await run(['join-channel', './bad.yaml']);
  t.is(bad.code, 2);
  t.regex(bad.stderr, /line 3, column 13: nodeId is "ABC"/);
  t.is((await run(['join-channel', server.url('/absent')])).code, 4);
  t.is((await run(['join-channel', 'ftp://example.org/x'])).code, 2);
  t.is((await run(['join-channel'])).code, 2);
});
