import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import { DelayLine } from '../limits/delay-line.js';

/**
 * A distant link in user space: forwards TCP connections to a port of this machine, each direction delayed and the rate unlimited. Arguments: the port to
 * forward to and the delay of one direction in milliseconds. Prints {"port"} when it listens and ends when its standard input does.
 */
const [targetPort, delayMs] = process.argv.slice(2).map(Number);
if (targetPort === undefined || delayMs === undefined) throw new Error('usage: delay-forwarder PORT DELAY_MS');

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true });
  join(near, far, delayMs);
  join(far, near, delayMs);
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.stdin.on('end', () => process.exit(0)).resume();

function join(from: Socket, to: Socket, delay: number): void {
  from.setNoDelay(true);
  from.on('error', () => to.destroy());
  new DelayLine(from, to, delay);
}
