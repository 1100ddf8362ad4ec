import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';

import { linkProtocols } from '../../src/network/link/link-protocol.js';
import { makeNodeCertificate } from '../../src/network/link/node-certificate.js';
import { findProgram } from '../support/find-program.js';
import { daemonsWithForeignMember } from '../support/foreign-member.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const title = 'who shows the certificate of a member and has not its key is nobody';

async function borrow(t: ExecutionContext): Promise<void> {
  const { nodes, identity } = await daemonsWithForeignMember(t, 1);
  const [node] = nodes;
  if (!node) return t.fail();
  const certificate = join(await temporaryFolder(t), 'borrowed.pem');
  // Every node shows its own to everybody.
  await writeFile(certificate, makeNodeCertificate(identity.privateKey));
  for (const protocol of Object.values(linkProtocols)) {
    const words = ['go', 'run', resolve('test/interop/borrowed_identity/main.go'), node.peerAddress, certificate, protocol];
    const { stdout } = await execa(resolve('.ci/go-env'), words);
    t.regex(stdout, /^0 bytes, then: remote error: tls: /, protocol);
  }
  t.deepEqual(
    (await node.client.channels.peers()).map(({ isConnected }) => isConnected),
    [false],
  );
  t.false(node.daemon.stderrLines.some((line) => line.includes('connected with a node')));
}

if (findProgram('go') === undefined) {
  console.error('SKIPPED: there is no Go: no identity was borrowed');
  test.skip(title, borrow);
} else {
  test(title, borrow);
}
