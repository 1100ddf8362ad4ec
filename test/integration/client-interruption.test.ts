import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { connect, type KacheryClient, type Transfer } from '../../src/client/index.js';
import { fails, same, sha1Of } from '../contract/client-contract.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { startDistantDaemon } from '../support/distant-daemon.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const MiB = 1024 * 1024;

/** A client that sends and receives everything itself, over a given port. */
async function distantClient(t: ExecutionContext, daemon: TestDaemon, port = daemon.port): Promise<KacheryClient> {
  const cacheDir = await temporaryFolder(t);
  const client = await connect({ environment: daemon.environment, port, token: daemon.clientToken, configDir: cacheDir, cacheDir });
  t.teardown(() => client.close());
  return client;
}

test.serial('an upload whose connection breaks goes on from where it was', async (t) => {
  const daemon = await startDistantDaemon(t);
  const proxy = await startCuttingProxy(t, daemon.port);
  const client = await distantClient(t, daemon, proxy.port);
  const content = randomBytes(64 * MiB);
  const cut = proxy.cutAfter(40 * MiB);
  t.regex(await client.storeBytes(content), new RegExp(`^sha1://${sha1Of(content)}/file.dat`));
  await cut;
  t.true(proxy.sentBytes < 100 * MiB, `${String(proxy.sentBytes)} bytes were sent`);
  t.is((await client.getStorageUsage()).uploads, 0);
});

test.serial('an upload survives a daemon that is killed and started again', async (t) => {
  const daemon = await startDistantDaemon(t);
  const client = await distantClient(t, daemon);
  const path = join(await temporaryFolder(t), 'large');
  await writeFile(path, randomBytes(64 * MiB));
  let second: Promise<TestDaemon> | undefined;
  const uri = await client.storeFile(path, {
    onProgress: ({ state, doneBytes }) => {
      if (state !== 'sending' || doneBytes < 32 * MiB || second) return;
      daemon.kill('SIGKILL');
      second = daemon.ended.then(() => startTestDaemon(t, { port: daemon.port, storageDir: daemon.storageDir, configDir: daemon.configDir }));
    },
  });
  await second;
  same(t, await readFile(await client.loadFile(uri)), await readFile(path));
});

test.serial('a read whose connection breaks goes on from where it was', async (t) => {
  const daemon = await startDistantDaemon(t);
  const proxy = await startCuttingProxy(t, daemon.port);
  const client = await distantClient(t, daemon, proxy.port);
  const content = randomBytes(64 * MiB);
  const uri = await client.storeBytes(content);
  const cut = proxy.cutAfter(30 * MiB);
  same(t, await client.loadBytes(uri, { start: 3, end: 64 * MiB - 5 }), content.subarray(3, 64 * MiB - 5));
  await cut;
  const secondCut = proxy.cutAfter(30 * MiB);
  same(t, await readFile(await client.loadFile(uri)), content);
  await secondCut;
  t.true(proxy.receivedBytes < 180 * MiB, `${String(proxy.receivedBytes)} bytes came`);
});

test.serial('a daemon that dies fails what it was asked to read itself', async (t) => {
  const daemon = await startTestDaemon(t);
  const client = await connect({ environment: daemon.environment });
  t.teardown(() => client.close());
  const path = join(await temporaryFolder(t), 'sparse');
  const file = await open(path, 'w');
  await file.truncate(16 * 1024 * MiB);
  await file.close();
  const linking = client.linkFile(path);
  linking.catch(() => undefined);
  // Answered behind the first call on the same connection, so the daemon has that one.
  await client.getNode();
  daemon.kill('SIGKILL');
  await fails(t, linking, 'daemon-not-running');
});

test.serial('a reader that takes nothing holds the daemon back, and one that leaves ends its work', async (t) => {
  const daemon = await startDistantDaemon(t);
  const [client, owner] = [await distantClient(t, daemon), await connect({ environment: daemon.environment })];
  t.teardown(() => owner.close());
  const path = join(await temporaryFolder(t), 'large');
  await writeFile(path, Buffer.alloc(512 * MiB));
  const uri = await owner.storeFile(path);
  const reading = client.readFile(uri)[Symbol.asyncIterator]();
  await reading.next();
  // Time enough for all of it, if nothing held it back.
  for (let call = 0; call < 2_000; call += 1) await owner.getNode();
  let held: Transfer | undefined;
  let last: Transfer | undefined;
  for await (last of owner.watchTransfers()) {
    if (last.kind !== 'read') continue;
    if (last.state === 'failed') break;
    held ??= last;
    await reading.return?.();
  }
  t.like(held, { state: 'active', uri });
  t.true(Number(held?.transferredBytes) < 64 * MiB, `${String(held?.transferredBytes)} bytes were sent`);
  t.is(last?.state, 'failed');
});

for (const during of ['hashing', 'sending'] as const) {
  for (const [change, work] of Object.entries({
    grows: (path: string) => {
      appendFileSync(path, 'more');
    },
    shrinks: (path: string) => {
      truncateSync(path, 5 * MiB);
    },
    'is written to': (path: string) => {
      const file = openSync(path, 'r+');
      writeSync(file, 'changed', 39 * MiB);
      closeSync(file);
    },
  })) {
    test.serial(`a file that ${change} during ${during} is refused, or stored as it was`, async (t) => {
      const daemon = await startDistantDaemon(t);
      const client = await distantClient(t, daemon);
      const path = join(await temporaryFolder(t), 'changing');
      const content = randomBytes(40 * MiB);
      await writeFile(path, content);
      let isChanged = false;
      const storing = client.storeFile(path, {
        onProgress: ({ state }) => {
          if (state !== during || isChanged) return;
          isChanged = true;
          work(path);
        },
      });
      // What grows behind what was hashed is sent as it was.
      if (change === 'grows' && during === 'sending') t.true((await storing).includes(sha1Of(content)));
      else await fails(t, storing, 'file-changed');
      t.true(isChanged);
      t.is((await client.getStorageUsage()).uploads, 0);
    });
  }
}

test.serial('the daemon reads a file itself only for its owner, and what it cannot see is sent', async (t) => {
  const daemon = await startTestDaemon(t);
  const owner = await connect({ environment: daemon.environment });
  const member = await connect({ environment: daemon.environment, configDir: await temporaryFolder(t) });
  for (const client of [owner, member]) t.teardown(() => client.close());
  const path = join(await temporaryFolder(t), 'file');
  await writeFile(path, randomBytes(3 * MiB));
  const states = async (client: KacheryClient, stored: string): Promise<Set<string>> => {
    const told = new Set<string>();
    await client.storeFile(stored, { onProgress: ({ state }) => told.add(state) });
    return told;
  };
  t.deepEqual(await states(owner, path), new Set(['storing']));
  await writeFile(path, randomBytes(3 * MiB));
  t.deepEqual(await states(member, path), new Set(['hashing', 'sending']));
  t.deepEqual(await states(member, path), new Set(['hashing']));
  // What /proc/self stands for is another process to the daemon.
  const own = await open(path, 'r');
  t.teardown(() => own.close());
  if (process.platform === 'linux') t.true((await owner.storeFile(`/proc/self/fd/${String(own.fd)}`)).includes(sha1Of(await readFile(path))));
});
