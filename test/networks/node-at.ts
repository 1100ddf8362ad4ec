import type { ExecutionContext } from 'ava';

import { connect } from '../../src/client/index.js';
import { startTestDaemon } from '../support/daemon.js';
import { type TestNode } from '../support/network.js';
import { openDoor } from './open-door.js';
import { type Place } from './place.js';

/** The TCP port at which every node of a test's own networks listens for others: each has a machine for itself. */
export const peerPort = 20_422;

/** A node at a place, with flags of its daemon. It has joined no channel yet. */
export async function nodeAt(t: ExecutionContext, place: Place, name: string, flags: readonly string[] = []): Promise<TestNode> {
  const daemon = await startTestDaemon(t, { launcher: place.launcher, arguments: ['--label', name, ...flags] });
  const port = await openDoor(t, place, daemon.port);
  const client = await connect({ host: '127.0.0.1', port, token: daemon.ownerToken.trim(), environment: daemon.environment });
  t.teardown(() => client.close());
  return { name, daemon, client, peerAddress: `${place.address}:${String(peerPort)}` };
}
