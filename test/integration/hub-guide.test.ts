import { appendFile, chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import test from 'ava';
import { execa } from 'execa';

import { connect } from '../../src/client/index.js';
import { settings } from '../../src/config/settings.js';
import { until } from '../fault/until.js';
import { startTestDaemon } from '../support/daemon.js';
import { readDocumentSamples } from '../support/document-samples.js';
import { connected, startTestNetwork } from '../support/network.js';

const guide = 'docs/hub.md';
const samples = readDocumentSamples(guide).filter(({ mark }) => mark !== undefined);

function textOf(mark: string): string {
  const [sample, ...others] = samples.filter((candidate) => candidate.mark === mark);
  if (!sample || others.length > 0) throw new Error(`${guide} needs one sample that is marked ${mark}`);
  return sample.text;
}

/** The settings of the hub as the guide has them. */
function documentedSettings(): Record<string, string> {
  return Object.fromEntries(
    textOf('env')
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2) as [string, string]),
  );
}

test('the unit starts a daemon with settings that there are', (t) => {
  const known = new Set<string>(Object.values(settings).flatMap(({ variables }) => [...variables]));
  for (const name of Object.keys(documentedSettings())) t.true(known.has(name), name);
  const unit = textOf('unit');
  t.regex(unit, /^ExecStart=\/usr\/bin\/env kachery-p2p start-daemon$/m);
  t.regex(unit, /^EnvironmentFile=\/etc\/kachery-p2p\/hub\.env$/m);
  const writeable = /^ReadWritePaths=(.+)$/m.exec(unit)?.[1] ?? '';
  for (const name of ['KACHERY_STORAGE_DIR', 'KACHERY_P2P_CONFIG_DIR']) t.true(documentedSettings()[name]?.startsWith(`${writeable}/`), name);
});

test("the guide's commands make a hub of a node that runs with the guide's settings", async (t) => {
  const { channel, nodes } = await startTestNetwork(t, 1);
  const owner = nodes[0]!;
  const uri = await owner.client.storeBytes(Buffer.from('a recording'));
  const result = await owner.client.storeBytes(Buffer.from('a result'));
  const feed = await owner.client.feeds.create('log');
  await feed.subfeed('results').append([{ result }]);
  const { KACHERY_STORAGE_DIR: _storageDir, KACHERY_P2P_CONFIG_DIR: _configDir, ...given } = documentedSettings();
  const environment = { ...given, KACHERY_P2P_PEER_HOST: '127.0.0.1', KACHERY_P2P_PEER_PORT: '0' };
  const daemon = await startTestDaemon(t, { environment });
  const client = await connect({ environment: daemon.environment });
  t.teardown(() => client.close());
  t.is((await client.getNode()).label, 'hub');
  const hub = { name: 'hub', daemon, client, peerAddress: '' };
  await allowRelay(channel, daemon.nodeId);
  // Whom the owner refuses comes again only after a while.
  await until('the owner knows the hub', async () => (await owner.client.channels.peers()).some(({ nodeId }) => nodeId === daemon.nodeId));
  await client.channels.join(channel, { relay: true });
  await connected(hub, 1);

  const bin = await mkdtemp(join(tmpdir(), 'kachery-p2p-bin-'));
  t.teardown(() => rm(bin, { recursive: true, force: true }));
  const program = resolve('dist/programs/cli/main.js');
  await chmod(program, 0o755);
  await symlink(program, join(bin, 'kachery-p2p'));
  const env = { ...daemon.environment, PATH: `${bin}:${process.env['PATH'] ?? ''}`, channel, uri, feed: feed.uri };
  for (const { mark, text, line } of samples) {
    if (mark !== 'sh') continue;
    await until('what is mirrored is here', async () => (await client.mirrors.list()).every(({ state }) => state === 'complete'));
    const words = ['--norc', '-euo', 'pipefail', '-c', text];
    const ended = await execa('bash', words, { env, extendEnv: false, stdin: 'ignore', all: true, reject: false });
    t.is(ended.exitCode, 0, `${guide}:${String(line)}: ${ended.all}`);
  }
  const [joined] = await client.channels.list();
  t.true(joined?.grantedRoles.relay);
  const mirrored = (await client.mirrors.list()).map((mirror) => mirror.uri);
  t.deepEqual(mirrored, [feed.uri, result.replace(/\/[^/]*$/, '')].sort());
  await until('the result is here', async () => (await client.mirrors.list()).every(({ state }) => state === 'complete'));
});

/** Lists another node, which may relay. */
async function allowRelay(path: string, nodeId: string): Promise<void> {
  await appendFile(path, `  - nodeId: ${nodeId}\n    nodeLabel: hub\n    isMessageProxy: true\n`);
}
