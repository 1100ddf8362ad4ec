import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';

import test, { type ExecutionContext } from 'ava';

import { systemClock } from '../../../../src/core/clock.js';
import { type FailureReason, isKacheryError } from '../../../../src/core/failure.js';
import { limits } from '../../../../src/core/limits.js';
import { parseChannelAddress } from '../../../../src/network/channels/channel-address.js';
import { type ChannelSource, type ChannelVersion } from '../../../../src/network/channels/channel-source.js';
import { FileChannelSource } from '../../../../src/network/channels/file-channel-source.js';
import { TimedChannelSource } from '../../../../src/network/channels/timed-channel-source.js';
import { WebChannelSource } from '../../../../src/network/channels/web-channel-source.js';
import { ChannelServer } from '../../../support/channel-server.js';

const direct = new WebChannelSource({ http: undefined, https: undefined, none: undefined });

const read = (address: string, known?: ChannelVersion, source: ChannelSource = direct) =>
  source.read(parseChannelAddress(address), { signal: new AbortController().signal, known });

async function fails(t: ExecutionContext, reading: Promise<unknown>, reason: FailureReason, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(reading, { message });
  t.true(isKacheryError(error, reason), error.stack);
}

test('the file is asked for anew, and not sent again if it did not change', async (t) => {
  const server = await ChannelServer.start(t);
  const times = { modified: 'Mon, 23 Nov 2026 00:00:00 GMT' };
  server.put('/c', (request, response) => {
    const isKnown = request.headers['if-none-match'] === '"1"' && request.headers['if-modified-since'] === times.modified;
    response.writeHead(isKnown ? 304 : 200, { etag: '"1"', 'last-modified': times.modified }).end(isKnown ? undefined : 'channelLabel: é');
  });
  const first = await read(server.url('/c'));
  t.deepEqual(first, { text: 'channelLabel: é', version: { etag: '"1"', lastModified: times.modified } });
  t.is(await read(server.url('/c'), first?.version), undefined);
  t.truthy(await read(server.url('/c'), { etag: '"0"' }));
  t.like(server.requests[0]?.headers, { 'cache-control': 'no-cache', 'accept-encoding': 'identity' });
});

test('some redirections are followed, to the web only', async (t) => {
  const server = await ChannelServer.start(t);
  const redirect = (path: string, location: string, code: number): void => {
    server.put(path, (_request, response) => {
      response.writeHead(code, { location }).end('moved');
    });
  };
  const codes = [301, 302, 303, 307, 308];
  for (const [index, code] of codes.entries()) redirect(`/${String(index)}`, index === 4 ? server.url('/5') : `/${String(index + 1)}`, code);
  server.put('/5', 'text');
  t.is((await read(server.url('/0')))?.text, 'text');
  redirect('/more', '/0', 302);
  await fails(t, read(server.url('/more')), 'channel-unavailable', /more than 5 redirections/);
  redirect('/loop', '/loop', 302);
  await fails(t, read(server.url('/loop')), 'channel-unavailable', /more than 5 redirections/);
  redirect('/file', 'file:///etc/passwd', 302);
  await fails(t, read(server.url('/file')), 'channel-unavailable', /redirects to file:/);
  redirect('/nowhere', 'http://', 302);
  await fails(t, read(server.url('/nowhere')), 'channel-unavailable', /redirects to nowhere/);
});

test('an answer that is no file is told with its status', async (t) => {
  const server = await ChannelServer.start(t);
  const answers: [number, RegExp][] = [
    [401, /login is needed.*\(status 401 Unauthorized\)/],
    [403, /without a login/],
    [429, /too many requests/],
    [500, /its server has a problem \(status 500 Internal Server Error\)/],
    [204, /does not give it \(status 204 No Content\)/],
    [304, /status 304/],
  ];
  for (const [code, message] of answers) {
    server.put(`/${String(code)}`, (_request, response) => {
      response.writeHead(code).end();
    });
    await fails(t, read(server.url(`/${String(code)}`)), 'channel-unavailable', message);
  }
  await fails(t, read(server.url('/absent')), 'channel-unavailable', /nothing there.*\(status 404 Not Found\)/);
});

test('a file that is too large is not read to its end', async (t) => {
  const server = await ChannelServer.start(t);
  let sentBytes = 0;
  server.put('/endless', (_request, response) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const send = (): void => {
      for (let goesOn = true; goesOn && !response.destroyed; sentBytes += piece.byteLength) goesOn = response.write(piece);
    };
    response.on('drain', send);
    send();
  });
  server.put('/told', (_request, response) => {
    response.writeHead(200, { 'content-length': String(limits.maxChannelFileBytes + 1) });
    response.flushHeaders();
  });
  await fails(t, read(server.url('/endless')), 'channel-invalid', /more than 4194304 bytes/);
  t.true(sentBytes < 4 * limits.maxChannelFileBytes, String(sentBytes));
  await fails(t, read(server.url('/told')), 'channel-invalid', /more than 4194304 bytes/);
});

test('what is not text in UTF-8, or compressed, is refused', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/latin', (_request, response) => {
    response.end(Buffer.from('channelLabel: \u00e9', 'latin1'));
  });
  server.put('/gzip', (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
  });
  await fails(t, read(server.url('/latin')), 'channel-invalid', /UTF-8/);
  await fails(t, read(server.url('/gzip')), 'channel-unavailable', /compressed \(gzip\)/);
});

test('a server that is not there, breaks off or speaks something else is told plainly', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/cut', (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy());
  });
  await fails(t, read(server.url('/cut')), 'channel-unavailable', /connection broke/);
  await fails(t, read(server.url('/c').replace('http:', 'https:')), 'channel-unavailable', /TLS|wrong version number|packet length/i);
  await fails(t, read(`http://127.0.0.1:${String(await closedPort())}/c`), 'channel-unavailable', /connection was refused/);
  await fails(t, read('http://no-such-host.invalid/c'), 'channel-unavailable', /host is not known|cannot be looked up/);
});

test('what takes too long fails, and whoever aborts does not wait', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/silent', () => undefined);
  server.put('/slow', (_request, response) => {
    response.write('channelLabel: ');
  });
  const timed = new TimedChannelSource(new FileChannelSource(systemClock), direct, { readMs: 100 });
  await fails(t, read(server.url('/silent'), undefined, timed), 'channel-unavailable', /did not come within 0.1 s/);
  await fails(t, read(server.url('/slow'), undefined, timed), 'channel-unavailable', /did not come within 0.1 s/);
  const controller = new AbortController();
  const patient = new TimedChannelSource(new FileChannelSource(systemClock), direct, { readMs: 600_000 });
  const reading = patient.read(parseChannelAddress(server.url('/silent')), { signal: controller.signal });
  await server.requested();
  controller.abort(new Error('left'));
  await t.throwsAsync(reading, { message: 'left' });
  await t.throwsAsync(patient.read(parseChannelAddress(server.url('/silent')), { signal: controller.signal }), { message: 'left' });
});

test('proxies are used as the environment says', async (t) => {
  const server = await ChannelServer.start(t);
  server.put('/c', 'text');
  const proxy = await startProxy(t);
  const through = (http: string | undefined, https: string | undefined, none?: string) => new WebChannelSource({ http, https, none });
  const source = through(`127.0.0.1:${String(proxy.port)}`, undefined);
  t.is((await read(server.url('/c'), undefined, source))?.text, 'text');
  t.deepEqual(proxy.requests.splice(0), [`GET ${server.url('/c')}`]);
  t.is((await read(server.url('/c'), undefined, through(`http://127.0.0.1:${String(proxy.port)}`, undefined, '127.0.0.1')))?.text, 'text');
  t.deepEqual(proxy.requests, []);
  const secure = `https://127.0.0.1:${String(server.port)}/c`;
  await fails(t, read(secure, undefined, through(undefined, proxy.url)), 'channel-unavailable', /told to use a proxy \(HTTPS_PROXY/);
  t.deepEqual(proxy.requests, [`CONNECT 127.0.0.1:${String(server.port)}`]);
  proxy.isClosedTo = true;
  await fails(t, read(secure, undefined, through(undefined, proxy.url)), 'channel-unavailable', /proxy wants a user name/);
  await fails(t, read(server.url('/c'), undefined, source), 'channel-unavailable', /proxy wants a user name/);
  await fails(t, read(secure, undefined, through(undefined, 'nonsense://')), 'channel-unavailable', /told to use a proxy/);
});

interface TestProxy {
  readonly port: number;
  readonly url: string;
  readonly requests: string[];
  /** Whether a password is asked for. */
  isClosedTo: boolean;
}

async function startProxy(t: ExecutionContext): Promise<TestProxy> {
  const requests: string[] = [];
  const server = createServer((incoming, response) => {
    requests.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
    if (proxy.isClosedTo) {
      response.writeHead(407).end();
      return;
    }
    httpRequest(incoming.url ?? '', { headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  server.on('connect', (incoming, socket) => {
    requests.push(`CONNECT ${incoming.url ?? ''}`);
    if (proxy.isClosedTo) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const [host = '', port = ''] = (incoming.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const proxy: TestProxy = { port, url: `http://127.0.0.1:${String(port)}`, requests, isClosedTo: false };
  return proxy;
}

async function closedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
