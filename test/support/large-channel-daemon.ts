import { parseArgs } from 'node:util';

import { resolveDaemonConfig } from '../../src/config/daemon-config.js';
import { startDaemon } from '../../src/daemon/start-daemon.js';

/**
 * As the command `start-daemon --json`, but a channel of more than three nodes is large, and a node keeps a connection with one member of its choice: what large
 * channels do can be seen with few processes. No user can set that.
 */
const option = { type: 'string' } as const;
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { json: { type: 'boolean' }, port: option, 'storage-dir': option, 'config-dir': option, label: option, 'peer-host': option, 'peer-port': option },
});
const flags = Object.entries(values).map(([name, value]) => [name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()), value]);
const daemon = await startDaemon(resolveDaemonConfig(Object.fromEntries(flags) as object, process.env), {
  network: {
    largeChannels: { smallChannelNodes: 3, keptLinks: 1 },
    linkTiming: { passingLinkMs: 500, tickMs: 100, memberExchangeMs: 1_000 },
    indexTiming: { firstRoundMs: 200, newsMs: 50, retryMs: 500, doubtMs: 500 },
  },
});
process.once('SIGTERM', () => void daemon.stop());
const { address, host, port, nodeId } = daemon;
console.log(JSON.stringify({ pid: process.pid, address, host, port, nodeId }));
await daemon.stopped;
