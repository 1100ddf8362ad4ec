import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { FileServiceService } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { type GetNodeRequest, GetNodeResponse, NodeServiceService } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { Daemon } from '../../src/client/daemon.js';
import { connect } from '../../src/client/index.js';
import { RpcConnection } from '../../src/client/rpc-connection.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { proveNode } from '../../src/network/prove-node.js';
import { fails } from '../contract/client-contract.js';
import { CommandLineUser } from '../support/command-line.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { callOnce, connectRpc, errorOf } from '../support/rpc-clients.js';
import { temporaryFolder } from '../support/temporary-storage.js';

interface UnaryCall<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
}

type Answer<Response> = (error: { code: status; details: string } | null, response?: Response) => void;

/** A program that answers as `node` would on a port, and keeps the tokens that it gets. */
async function startImpostor(t: ExecutionContext, port: number, node: (request: GetNodeRequest) => Partial<GetNodeResponse> | status) {
  const tokens: string[] = [];
  const asked = { times: 0 };
  const server = new Server();
  const note = ({ metadata }: { metadata: Metadata }): void => {
    tokens.push(...metadata.get('authorization').map(String));
  };
  server.addService(
    { getNode: NodeServiceService.getNode },
    {
      getNode: (call: UnaryCall<GetNodeRequest>, answer: Answer<GetNodeResponse>) => {
        note(call);
        asked.times += 1;
        const said = node(call.request);
        if (typeof said === 'number') answer({ code: said, details: 'busy' });
        else answer(null, GetNodeResponse.create(said));
      },
    },
  );
  const refuse = (call: { metadata: Metadata }, answer: Answer<never>): void => {
    note(call);
    answer({ code: status.NOT_FOUND, details: 'nothing is here' });
  };
  server.addService({ statFile: FileServiceService.statFile, storeFiles: FileServiceService.storeFiles }, { statFile: refuse, storeFiles: refuse });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${String(port)}`, ServerCredentials.createInsecure(), (error, found) => {
      if (error) reject(error);
      else resolve(found);
    });
  });
  t.teardown(() => {
    server.forceShutdown();
  });
  return { tokens, asked, port: bound };
}

/** How a program may try to look like the daemon that it took the place of. */
const attempts: Readonly<Record<string, (daemon: TestDaemon, recorded: Buffer | undefined, key: KeyObject, challenge: Buffer) => Buffer | undefined>> = {
  'gives no proof': () => undefined,
  'gives an empty proof': () => Buffer.alloc(0),
  'gives a proof that the daemon gave before': (_daemon, recorded) => recorded,
  'signs with a key of its own': ({ nodeId }, _recorded, privateKey, challenge) => proveNode({ nodeId, privateKey }, challenge),
};

for (const [title, proofOf] of Object.entries(attempts)) {
  test.serial(`a program that took the daemon's port and ${title} gets no token`, async (t) => {
    const daemon = await startTestDaemon(t);
    const { proof } = await callOnce(connectRpc(t, daemon.address).node, 'getNode', { challenge: Buffer.alloc(32, 1) });
    await daemon.stop();
    const { privateKey } = generateKeyPairSync('ed25519');
    const { nodeId, storageDir, environment, configDir } = daemon;
    const { tokens } = await startImpostor(t, daemon.port, ({ challenge = Buffer.alloc(0) }) => {
      const answer = proofOf(daemon, proof, privateKey, challenge);
      return { nodeId, storageDir, ...(answer && { proof: answer }) };
    });
    // A daemon that was killed leaves its record, and its process id may be another program's by now.
    await writeFile(join(configDir, 'daemon.json'), JSON.stringify({ pid: process.pid, address: daemon.address, nodeId, storageDir }));
    const nowhere = { ...environment, KACHERY_P2P_CONFIG_DIR: await temporaryFolder(t) };
    for (const variables of [environment, nowhere, { ...nowhere, KACHERY_P2P_CLIENT_TOKEN: daemon.clientToken }]) {
      const error = await t.throwsAsync(connect({ environment: variables }), { name: 'KacheryError' });
      t.like(error, { reason: 'daemon-not-running', details: { address: daemon.address } });
      t.true(error.message.includes(nodeId), error.message);
    }
    const user = await CommandLineUser.create(t);
    const end = await user.run(['store', '-'], { input: 'mine', variables: environment });
    t.is(end.code, 4, end.stderr);
    t.regex(end.stderr, /did not prove/);
    t.deepEqual(tokens, []);
  });
}

const statFile = { method: FileServiceService.statFile, request: { uri: `sha1://${'0'.repeat(40)}` } };

/** What a client does that knows the real daemon, while another program takes its port. */
async function knowThenReplace(t: ExecutionContext, node: (daemon: TestDaemon) => Partial<GetNodeResponse> | status) {
  const real = await startTestDaemon(t);
  const clock = { nowMs: 1_000_000 };
  const connection = new RpcConnection(real.address);
  t.teardown(() => {
    connection.close();
  });
  const daemon = new Daemon(connection, { configDir: real.configDir }, { now: () => clock.nowMs });
  await fails(t, daemon.unary(statFile.method, statFile.request), 'file-not-found');
  t.is((await daemon.probe()).token, real.ownerToken.trim());
  await real.stop();
  return { connection, clock, daemon, token: real.ownerToken.trim(), ...(await startImpostor(t, real.port, () => node(real))) };
}

/** Ages of what the client knows of the daemon: believed still, and not any more. */
for (const ageMs of [0, 20_000]) {
  test.serial(`a program that took the port of a daemon that was known ${String(ageMs)} ms ago gets no token`, async (t) => {
    const answers = [status.DEADLINE_EXCEEDED, ({ nodeId, storageDir }: TestDaemon) => ({ nodeId, storageDir })];
    for (const answer of answers) {
      const { clock, daemon, tokens, asked } = await knowThenReplace(t, typeof answer === 'number' ? () => answer : answer);
      clock.nowMs += ageMs;
      await fails(t, daemon.unary(statFile.method, statFile.request), 'daemon-not-running');
      await fails(t, daemon.probe(), 'daemon-not-running');
      t.deepEqual(tokens, []);
      t.true(asked.times > 0);
    }
  });
}

test.serial('a call that another connection would carry than the one that was proven is not made', async (t) => {
  const { connection, token, tokens } = await knowThenReplace(t, () => status.DEADLINE_EXCEEDED);
  await fails(t, connection.unary(statFile.method, statFile.request, { token, connectionNumber: 0 }), 'daemon-stopping');
  t.deepEqual(tokens, []);
  await fails(t, connection.unary(statFile.method, statFile.request, { token, connectionNumber: 1 }), 'file-not-found');
  t.deepEqual(tokens, [`Bearer ${token}`]);
});

test.serial('a program of its own identity is not sent what its storage directory links to', async (t) => {
  const daemon = await startTestDaemon(t);
  await daemon.stop();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const nodeId = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const dir = join(await temporaryFolder(t), 'bait');
  await mkdir(dir);
  const { tokens } = await startImpostor(t, daemon.port, ({ challenge }) => ({
    nodeId,
    storageDir: dir,
    ...(challenge && { proof: proveNode({ nodeId, privateKey }, challenge) }),
  }));
  const client = async (): Promise<void> => {
    const connected = await connect({ environment: daemon.environment });
    await fails(t, connected.stat(`sha1://${'0'.repeat(40)}`), 'file-not-found').finally(() => connected.close());
  };
  await writeFile(join(dir, 'kachery-node-id'), nodeId);
  await writeFile(join(dir, 'client-auth'), 'its own');
  await client();
  t.deepEqual(tokens, ['Bearer its own']);
  await rm(join(dir, 'kachery-node-id'));
  await symlink(join(daemon.storageDir, 'kachery-node-id'), join(dir, 'kachery-node-id'));
  await client();
  t.deepEqual(tokens, ['Bearer its own']);
  const note = join(daemon.configDir, 'note');
  await writeFile(note, nodeId);
  for (const [name, target] of [
    ['kachery-node-id', note],
    ['client-auth', join(daemon.configDir, 'owner-token')],
  ] as const) {
    await rm(join(dir, name));
    await symlink(target, join(dir, name));
  }
  await client();
  t.deepEqual(tokens, ['Bearer its own']);
});

test.serial('a challenge that is too short or too long is refused', async (t) => {
  const { node } = connectRpc(t, (await startTestDaemon(t)).address);
  for (const sizeBytes of [0, 15, 65]) {
    const error = await errorOf(callOnce(node, 'getNode', { challenge: Buffer.alloc(sizeBytes) }));
    t.is(failureFromServiceError(error).reason, 'invalid-argument');
  }
  for (const sizeBytes of [16, 64]) t.is((await callOnce(node, 'getNode', { challenge: Buffer.alloc(sizeBytes) })).proof?.byteLength, 64);
  t.is((await callOnce(node, 'getNode', {})).proof, undefined);
});
