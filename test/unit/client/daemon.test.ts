import { join } from 'node:path';

import { Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { NodeServiceService, GetNodeResponse } from '../../../gen/ts/kachery_p2p/v1/node_service.js';
import { Daemon } from '../../../src/client/daemon.js';
import { RpcConnection } from '../../../src/client/rpc-connection.js';
import { fails } from '../../contract/client-contract.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

/** A server that only tells who it is, and counts how often it is asked. */
async function startNode(t: ExecutionContext): Promise<{ daemon: Daemon; node: { asked: number; failure?: Partial<ServiceError> }; clock: { nowMs: number } }> {
  const node: { asked: number; failure?: Partial<ServiceError> } = { asked: 0 };
  const server = new Server();
  server.addService(
    { getNode: NodeServiceService.getNode },
    {
      getNode: (_call: unknown, answer: (error: Partial<ServiceError> | null, response?: GetNodeResponse) => void) => {
        node.asked += 1;
        if (node.failure) answer(node.failure);
        else answer(null, GetNodeResponse.create({ nodeId: 'a'.repeat(64), storageDir: '/nowhere', label: String(node.asked) }));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const clock = { nowMs: 1_000_000 };
  const configDir = join(await temporaryFolder(t), 'config');
  const daemon = new Daemon(new RpcConnection(`127.0.0.1:${String(port)}`), { configDir }, { now: () => clock.nowMs });
  t.teardown(() => {
    daemon.close();
    server.forceShutdown();
  });
  return { daemon, node, clock };
}

test('the daemon is asked once in ten seconds, by however many', async (t) => {
  const { daemon, node, clock } = await startNode(t);
  await Promise.all([daemon.probe(), daemon.probe(), daemon.probe()]);
  clock.nowMs += 10_000;
  t.is((await daemon.probe()).node.label, '1');
  clock.nowMs += 1;
  t.is((await daemon.probe()).node.label, '2');
  clock.nowMs -= 60_000;
  t.is((await daemon.probe()).node.label, '3');
  t.is(node.asked, 3);
});

test('a daemon that is too busy to tell is what it was before, and one that is gone is not', async (t) => {
  const { daemon, node, clock } = await startNode(t);
  node.failure = { code: status.DEADLINE_EXCEEDED, details: 'busy' };
  await fails(t, daemon.probe(), 'daemon-not-running');
  delete node.failure;
  await daemon.probe();
  clock.nowMs += 20_000;
  node.failure = { code: status.DEADLINE_EXCEEDED, details: 'busy' };
  t.is((await daemon.probe()).node.label, '2');
  clock.nowMs += 20_000;
  node.failure = { code: status.UNAVAILABLE, details: 'gone' };
  await fails(t, daemon.probe(), 'daemon-not-running');
});

test('who gives up does not disturb others', async (t) => {
  const { daemon } = await startNode(t);
  const controller = new AbortController();
  const [impatient, patient] = [daemon.probe(controller.signal), daemon.probe()];
  controller.abort();
  await fails(t, impatient, 'cancelled');
  t.is((await patient).node.label, '1');
});
