import { connect, createServer } from 'node:net';

/**
 * Leads from a socket in the file system, which all network namespaces share, to a port of the loopback interface of this one. Arguments: the path of the
 * socket, and the port. Prints a line when it listens, and ends when its standard input does.
 */
const [path, port] = process.argv.slice(2);
if (path === undefined || port === undefined) throw new Error('usage: door-program SOCKET PORT');

const server = createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
    from.pipe(to);
  }
});
server.listen(path, () => {
  console.log('ready');
});
process.stdin.on('end', () => process.exit(0)).resume();
