import type { ExecutionContext } from 'ava';

import { connect } from '../../src/client/index.js';
import { startTestDaemon } from './daemon.js';
import { type TestNode } from './network.js';

/** The same node once more, when its daemon has ended: its directories, and its port for others. */
export async function restartNode(t: ExecutionContext, { name, daemon, peerAddress }: TestNode, flags: readonly string[] = []): Promise<TestNode> {
  await daemon.ended;
  const { storageDir, configDir } = daemon;
  const port = peerAddress.split(':')[1] ?? '';
  const again = await startTestDaemon(t, {
    storageDir,
    configDir,
    arguments: ['--label', name, '--peer-host', '127.0.0.1', '--peer-port', port, ...flags],
  });
  const client = await connect({ environment: again.environment });
  t.teardown(() => client.close());
  return { name, daemon: again, client, peerAddress };
}
