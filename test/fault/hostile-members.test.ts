import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import test from 'ava';

import { isKacheryError, type Progress } from '../../src/client/index.js';
import { linkProtocols } from '../../src/network/link/link-protocol.js';
import { type LinkedNode } from '../support/linked-node.js';
import { daemonsWithForeignMember, secureConnection } from '../support/foreign-member.js';
import { connected, type TestNode } from '../support/network.js';

const MB = 1_000_000;
const MiB = 1024 * 1024;

/** What a member sends in place of a file. */
type Answer = LinkedNode['send'];

const wrongBytes: Answer = (call, content) => {
  const { offset, length } = call.request;
  const end = Number(length) === 0 ? content.byteLength : Number(offset) + Number(length);
  for (let position = Number(offset); position < end; position += MiB) call.write({ data: randomBytes(Math.min(MiB, end - position)) });
  call.end();
};

const withoutEnd: Answer = (call) => {
  const data = Buffer.alloc(MiB);
  const send = (): void => {
    while (!call.cancelled && !call.destroyed && call.write({ data }));
  };
  call.on('drain', send);
  send();
};

const nothing: Answer = () => undefined;

for (const [name, answer] of Object.entries({ 'wrong bytes': wrongBytes, 'a stream without end': withoutEnd, nothing })) {
  test.serial(`a member that sends ${name} delays a load at most: the good one beside it brings the file`, async (t) => {
    const { nodes, start } = await daemonsWithForeignMember(t, 2);
    const [source, reader] = nodes;
    if (!source || !reader) return t.fail();
    const member = await start();
    await connected(reader, 2);
    const content = randomBytes(45 * MB);
    member.store(content);
    member.send = answer;
    const uri = await source.client.storeBytes(content);
    const told: Progress[] = [];
    const path = await reader.client.loadFile(uri, { onProgress: (progress) => told.push(progress) });
    t.true((await readFile(path)).equals(content));
    const atEnd = told.at(-1)?.sources?.find(({ nodeId }) => nodeId === member.id);
    t.is(atEnd?.loadedBytes ?? 0, 0, 'nothing of it was taken for good');
    await expectAlive(t, reader);
  });
}

for (const [name, answer] of Object.entries({ 'wrong bytes': wrongBytes, 'a stream without end': withoutEnd })) {
  test.serial(`if the only one that has a file sends ${name}, the load fails and names it, and nothing is kept`, async (t) => {
    const { nodes, start } = await daemonsWithForeignMember(t, 1);
    const [reader] = nodes;
    if (!reader) return t.fail();
    const member = await start();
    member.send = answer;
    for (const sizeBytes of [300_000, 25 * MB]) {
      const id = member.store(randomBytes(sizeBytes));
      const error = await t.throwsAsync(reader.client.loadFile(`sha1://${id}`));
      t.true(isKacheryError(error, 'sources-failed'), String(error));
      t.regex(String(error), /foreign/);
      t.true(isKacheryError(await t.throwsAsync(reader.client.loadFile(`sha1://${id}`, { localOnly: true })), 'file-not-found'));
    }
    await expectAlive(t, reader);
  });
}

test.serial('garbage in the place of gRPC ends a connection, whoever calls over it', async (t) => {
  const { nodes, identity, start } = await daemonsWithForeignMember(t, 1);
  const [node] = nodes;
  if (!node) return t.fail();
  const prefaceOfHttp2 = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const frameOfUnknownType = Buffer.from([0xff, 0xff, 0xff, 0xee, 0xff, 0xff, 0xff, 0xff, 0xff]);
  for (const protocol of Object.values(linkProtocols)) {
    for (const garbage of [randomBytes(65_536), Buffer.concat([prefaceOfHttp2, randomBytes(65_536)]), Buffer.concat([prefaceOfHttp2, frameOfUnknownType])]) {
      const { socket } = await secureConnection(t, node, identity, protocol);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => undefined).resume();
      socket.write(garbage);
      await closed;
    }
  }
  t.is((await node.client.channels.peers()).filter(({ isConnected }) => isConnected).length, 0);
  await start();
  await expectAlive(t, node);
});

/** Asserts that a daemon still works, and has not become large. */
async function expectAlive(t: { true(value: boolean, message?: string): void; is(one: unknown, other: unknown): void }, { client, daemon }: TestNode) {
  const uri = await client.storeText('still here');
  t.is(await client.loadText(uri), 'still here');
  // Only Linux tells it there.
  const status = await readFile(`/proc/${String(daemon.pid)}/status`, 'utf8').catch(() => '');
  t.true(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) < 400 * 1024, status);
}
