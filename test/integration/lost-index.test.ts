import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { connect, type KacheryClient } from '../../src/client/index.js';
import { startTestDaemon } from '../support/daemon.js';
import { generatedBytes, temporaryFolder } from '../support/temporary-storage.js';

/** However a large file is stored. */
const ways: Readonly<Record<string, (client: KacheryClient, path: string, content: Buffer) => Promise<string>>> = {
  'sent by a member': (client, _path, content) => client.storeBytes(content, { label: 'large.bin' }),
  'read by the daemon for its owner': (client, path) => client.storeFile(path),
};

for (const [way, store] of Object.entries(ways)) {
  test(`a large file ${way} has its manifest in its URI also after the index was lost`, async (t) => {
    const first = await startTestDaemon(t);
    const content = generatedBytes(20_000_001);
    const path = join(await temporaryFolder(t), 'large.bin');
    await writeFile(path, content);
    const owner = await connect({ environment: first.environment });
    t.teardown(() => owner.close());
    const uri = await owner.storeFile(path);
    t.regex(uri, /\?manifest=[0-9a-f]{40}$/);
    await first.stop();
    const { storageDir, configDir } = first;
    await rm(join(storageDir, 'index'), { recursive: true });
    const second = await startTestDaemon(t, { storageDir, configDir });
    const isMember = way.includes('member');
    const client = await connect({ environment: second.environment, ...(isMember && { configDir: await temporaryFolder(t) }) });
    t.teardown(() => client.close());
    t.is(await store(client, path, content), uri);
    t.is((await client.stat(uri)).uri, uri);
  });
}
