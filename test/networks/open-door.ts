import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

import type { ExecutionContext } from 'ava';

import { temporaryFolder } from '../support/temporary-storage.js';
import { type Place } from './place.js';

/** Makes a port of the loopback interface of a place a port of the test's own, and resolves with that. Closed when the test ends. */
export async function openDoor(t: ExecutionContext, place: Place, port: number): Promise<number> {
  const path = join(await temporaryFolder(t), 'door');
  const [program, ...words] = [...place.launcher, process.execPath, resolve('dist/test/networks/door-program.js'), path, String(port)];
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('The door did not open.')))]);
  const server = createServer((near) => {
    const far = connect(path);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return (server.address() as AddressInfo).port;
}
