import test from 'ava';
import { createPublicKey, sign, verify } from 'node:crypto';
import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openNodeIdentity } from '../../../src/network/node-identity.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

test('the identity is made once, readable by its owner only, and kept', async (t) => {
  const dir = await temporaryFolder(t);
  const { nodeId, privateKey } = await openNodeIdentity(dir);
  t.regex(nodeId, /^[0-9a-f]{64}$/);
  t.is((await openNodeIdentity(dir)).nodeId, nodeId);
  t.is((await stat(join(dir, 'node-key.pem'))).mode & 0o777, 0o600);
  t.deepEqual(await readdir(dir), ['node-key.pem']);

  const prefix = Buffer.from('302a300506032b6570032100', 'hex');
  const publicKey = createPublicKey({ key: Buffer.concat([prefix, Buffer.from(nodeId, 'hex')]), format: 'der', type: 'spki' });
  t.true(verify(null, Buffer.from('text'), publicKey, sign(null, Buffer.from('text'), privateKey)));
});

test('many that open it at once get the same identity', async (t) => {
  const dir = await temporaryFolder(t);
  const identities = await Promise.all(Array.from({ length: 10 }, () => openNodeIdentity(dir)));
  t.is(new Set(identities.map(({ nodeId }) => nodeId)).size, 1);
  t.deepEqual(await readdir(dir), ['node-key.pem']);
});

for (const mode of [0o640, 0o604, 0o660]) {
  test(`a key with the rights ${mode.toString(8)} is refused`, async (t) => {
    const dir = await temporaryFolder(t);
    await openNodeIdentity(dir);
    await chmod(join(dir, 'node-key.pem'), mode);
    const error = await t.throwsAsync(openNodeIdentity(dir), { message: new RegExp(`chmod 600 ${dir}/node-key.pem`) });
    t.like(error, { reason: 'path-not-permitted' });
  });
}

for (const [name, content] of [
  ['an empty file', ''],
  ['text', 'not a key'],
  ['a key of another kind', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIPCbD6NWHV2lJtXTzWhuzuJxJzOZZw4Fr/0Tz0y9bVhL\n-----END PRIVATE KEY-----\n'],
] as const) {
  test(`${name} instead of the key is refused and left alone`, async (t) => {
    const dir = await temporaryFolder(t);
    const path = join(dir, 'node-key.pem');
    await writeFile(path, content, { mode: 0o600 });
    t.like(await t.throwsAsync(openNodeIdentity(dir)), { reason: 'content-corrupt', details: { path } });
    t.is((await stat(path)).size, content.length);
  });
}

test('a directory that is not there is told', async (t) => {
  const dir = join(await temporaryFolder(t), 'missing');
  t.like(await t.throwsAsync(openNodeIdentity(dir)), { reason: 'path-not-permitted', details: { path: join(dir, 'node-key.pem') } });
});
