import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import { DelayLine, type LineShape } from '../limits/delay-line.js';

/**
 * A distant link in user space: forwards TCP connections to a port of this machine, each direction delayed. Arguments: the port to forward to, the delay of one
 * direction in milliseconds, and the bytes a second that one direction of a connection carries; Infinity for no limit. Prints {"port"} when it listens and ends
 * when its standard input does.
 */
const [targetPort, delayMs, bytesPerSecond] = process.argv.slice(2).map(Number);
if (targetPort === undefined || delayMs === undefined || bytesPerSecond === undefined) {
  throw new Error('usage: delay-forwarder PORT DELAY_MS BYTES_PER_SECOND');
}

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true });
  join(near, far, { delayMs, bytesPerSecond });
  join(far, near, { delayMs, bytesPerSecond });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.stdin.on('end', () => process.exit(0)).resume();

function join(from: Socket, to: Socket, shape: LineShape): void {
  from.setNoDelay(true);
  from.on('error', () => to.destroy());
  new DelayLine(from, to, shape);
}
