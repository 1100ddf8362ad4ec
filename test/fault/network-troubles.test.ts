import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, stat, utimes } from 'node:fs/promises';

import test from 'ava';

import { isKacheryError } from '../../src/client/index.js';
import { parseContentId } from '../../src/core/content-id.js';
import { StorageLayout } from '../../src/storage/layout.js';
import { connected, startTestNetwork, type TestNode } from '../support/network.js';
import { restartNode } from '../support/restart-node.js';
import { SmallDisk } from './small-disk.js';
import { until } from './until.js';

const MB = 1_000_000;
const MiB = 1024 * 1024;

test.serial('while nodes come and go, files that one of two has are loaded all the same, and in the end all are there', async (t) => {
  const flags = ['--upload-limit', '15'];
  const { nodes } = await startTestNetwork(t, 5, { daemon: () => ({ arguments: flags }) });
  await Promise.all(nodes.map((node) => connected(node, 4)));
  const [reader, ...sources] = nodes;
  if (!reader) return t.fail();
  const files = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const content = randomBytes(3 * MB);
      const holders = [sources[index % 4], sources[(index + 1) % 4]];
      const [uri = ''] = await Promise.all(holders.flatMap((holder) => holder?.client.storeBytes(content) ?? []));
      return { content, uri };
    }),
  );
  const loading = (async () => {
    for (const { content, uri } of files) t.true((await readFile(await reader.client.loadFile(uri))).equals(content), uri);
  })();
  for (const [index, source] of sources.entries()) {
    source.daemon.kill('SIGKILL');
    sources[index] = await restartNode(t, source, flags);
  }
  await loading;
  const all = [reader, ...sources];
  await Promise.all(all.map((node) => connected(node, 4)));
  const [first] = sources;
  const last = sources[3];
  for (const { content, uri } of files.slice(0, 2)) t.true((await readFile((await last?.client.loadFile(uri)) ?? '')).equals(content));
  t.is(await first?.client.loadText(await reader.client.storeText('all are there')), 'all are there');
});

test.serial('a source whose disk has changed bytes does no harm beside a good one, and is named when it is the only one', async (t) => {
  const { nodes } = await startTestNetwork(t, 3);
  await Promise.all(nodes.map((node) => connected(node, 2)));
  const [bad, good, reader] = nodes;
  if (!bad || !good || !reader) return t.fail();
  const content = randomBytes(45 * MB);
  const uri = await bad.client.storeBytes(content);
  await good.client.storeBytes(content);
  const lone = await bad.client.storeBytes(randomBytes(2 * MB));
  for (const [stored, position] of [
    [uri, 25 * MB],
    [lone, MB],
  ] as const) {
    await changeByte(bad, stored, position);
  }
  t.true((await readFile(await reader.client.loadFile(uri))).equals(content));
  const error = await t.throwsAsync(reader.client.loadFile(lone));
  t.true(isKacheryError(error, 'sources-failed'), String(error));
  t.regex(String(error), /node-0/);
  t.true(isKacheryError(await t.throwsAsync(reader.client.loadFile(lone, { localOnly: true })), 'file-not-found'));
});

test.serial('a disk that fills up while a file comes ends the load; what came is kept, and the load goes on when there is room', async (t) => {
  const disk = await SmallDisk.mount(t, 96 * MiB);
  if (!disk) return;
  const { nodes } = await startTestNetwork(t, 2, { daemon: (index) => (index === 0 ? { arguments: ['--upload-limit', '15'] } : { storageDir: disk.dir }) });
  await Promise.all(nodes.map((node) => connected(node, 1)));
  const [source, reader] = nodes;
  if (!source || !reader) return t.fail();
  const content = randomBytes(65 * MB);
  const uri = await source.client.storeBytes(content);
  const load = reader.client.loadFile(uri);
  load.catch(() => undefined);
  await until('a chunk came', async () => (await receivedBytes(reader)) > 25 * MB);
  await disk.fill(0);
  const error = await t.throwsAsync(load);
  t.true(isKacheryError(error, 'disk-full'), String(error));
  await disk.free();
  t.true((await readFile(await reader.client.loadFile(uri))).equals(content));
  const received = await receivedBytes(reader);
  t.true(received < 65 * MB + 45 * MB, `something was kept: ${String(received)}`);
});

/** Changes a byte of what a node has stored, as a disk that goes bad: its times stay what they were. */
async function changeByte({ daemon }: TestNode, uri: string, position: number): Promise<void> {
  const path = new StorageLayout(daemon.storageDir).contentPath(parseContentId(uri.slice(7, 47)));
  const { atime, mtime } = await stat(path);
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
  await file.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, position);
  await file.close();
  await chmod(path, 0o444);
  await utimes(path, atime, mtime);
}

async function receivedBytes({ client }: TestNode): Promise<number> {
  return (await client.channels.peers()).reduce((sum, peer) => sum + peer.receivedBytes, 0);
}
