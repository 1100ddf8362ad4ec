import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import test from 'ava';

import { isProvenNode } from '../../../src/client/is-proven-node.js';
import { nodeProofBytes } from '../../../src/core/node-proof.js';
import { proveNode } from '../../../src/network/prove-node.js';

interface NodeProofVectors {
  readonly secretKey: string;
  readonly nodeId: string;
  readonly cases: readonly { readonly challenge: string; readonly signed: string; readonly proof: string }[];
}

const { secretKey, nodeId, cases } = JSON.parse(readFileSync(resolve('test/vectors/node-proof.json'), 'utf8')) as NodeProofVectors;
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');
const pkcs8Prefix = '302e020100300506032b657004220420';
const privateKey = createPrivateKey({ key: bytesOf(pkcs8Prefix + secretKey), format: 'der', type: 'pkcs8' });

for (const { challenge, signed, proof } of cases) {
  test(`the challenge ${challenge} has its published proof`, (t) => {
    t.is(Buffer.from(nodeProofBytes(nodeId, bytesOf(challenge))).toString('hex'), signed);
    t.is(proveNode({ nodeId, privateKey }, bytesOf(challenge)).toString('hex'), proof);
    t.true(isProvenNode(nodeId, bytesOf(challenge), bytesOf(proof)));
  });

  test(`no other proof is one for the challenge ${challenge}`, (t) => {
    for (let bit = 0; bit < proof.length * 4; bit += 1) t.false(isProvenNode(nodeId, bytesOf(challenge), flipped(bytesOf(proof), bit)), `bit ${String(bit)}`);
    for (let bit = 0; bit < challenge.length * 4; bit += 1) t.false(isProvenNode(nodeId, flipped(bytesOf(challenge), bit), bytesOf(proof)));
    for (const other of [undefined, Buffer.alloc(0), bytesOf(proof).subarray(1), Buffer.concat([bytesOf(proof), Buffer.alloc(1)])]) {
      t.false(isProvenNode(nodeId, bytesOf(challenge), other));
    }
  });
}

test('nothing proves an id that is no key', (t) => {
  const { challenge = '', proof = '' } = cases[0] ?? {};
  for (const other of ['', nodeId.slice(1), nodeId.toUpperCase(), 'f'.repeat(64), '0'.repeat(64), `${nodeId}00`]) {
    t.false(isProvenNode(other, bytesOf(challenge), bytesOf(proof)), other);
  }
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}
