import { createHash } from 'node:crypto';

import test from 'ava';

import { startTestDaemon } from '../support/daemon.js';
import { allOf, bearer, callOnce, connectRpc, dataRequest, headerRequest, upload } from '../support/rpc-clients.js';
import { generatedBytes } from '../support/temporary-storage.js';

test('a file that is sent comes back byte for byte, whole and in ranges', async (t) => {
  const daemon = await startTestDaemon(t);
  const { files } = connectRpc(t, daemon.address);
  const token = bearer(daemon.clientToken);
  const content = generatedBytes(3_000_000);
  const sha1 = createHash('sha1').update(content).digest('hex');
  const pieces = [content.subarray(0, 1_000_000), content.subarray(1_000_000, 1_000_001), content.subarray(1_000_001)];

  const stored = await upload(files, token, [headerRequest({ label: 'noise.dat' }), ...pieces.map(dataRequest)]);
  t.false(stored.alreadyStored);
  t.is(stored.file?.uri, `sha1://${sha1}/noise.dat`);
  t.is(stored.file?.sizeBytes, 3_000_000n);

  const uri = stored.file?.uri ?? '';
  const whole = await allOf(files.readFile({ uri, offset: 0n, length: 0n }, token));
  t.true(Buffer.concat(whole.map(({ data }) => data)).equals(content));
  const range = await allOf(files.readFile({ uri, offset: 999_999n, length: 1_500_000n }, token));
  t.true(Buffer.concat(range.map(({ data }) => data)).equals(content.subarray(999_999, 2_499_999)));
  const { file } = await callOnce<{ file?: { localPath: string } }>((callback) => files.statFile({ uri }, token, callback as never));
  t.true(file?.localPath.startsWith(daemon.storageDir));
});
