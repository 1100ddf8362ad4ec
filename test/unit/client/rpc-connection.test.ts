import { once } from 'node:events';

import { type handleClientStreamingCall, type handleServerStreamingCall, type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { RpcConnection } from '../../../src/client/rpc-connection.js';
import { fails } from '../../contract/client-contract.js';

const bytes = { requestSerialize: (value: Buffer) => value, responseDeserialize: (value: Buffer) => value };
const ask = { path: '/test.Service/Ask', ...bytes };
const watch = { path: '/test.Service/Watch', ...bytes };
const give = { path: '/test.Service/Give', ...bytes };

interface Handlers {
  readonly ask?: handleUnaryCall<Buffer, Buffer>;
  readonly watch?: handleServerStreamingCall<Buffer, Buffer>;
  readonly give?: handleClientStreamingCall<Buffer, Buffer>;
}

/** A connection to a server that does what a test says, and nothing otherwise: it never answers. */
async function connectionTo(t: ExecutionContext, handlers: Handlers = {}): Promise<RpcConnection> {
  const server = new Server();
  const codec = {
    requestSerialize: bytes.requestSerialize,
    requestDeserialize: bytes.responseDeserialize,
    responseSerialize: bytes.requestSerialize,
    responseDeserialize: bytes.responseDeserialize,
  };
  server.addService(
    {
      ask: { path: ask.path, requestStream: false, responseStream: false, ...codec },
      watch: { path: watch.path, requestStream: false, responseStream: true, ...codec },
      give: { path: give.path, requestStream: true, responseStream: false, ...codec },
    },
    { ask: () => undefined, watch: () => undefined, give: () => undefined, ...handlers },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const connection = new RpcConnection(`127.0.0.1:${String(port)}`);
  t.teardown(() => {
    connection.close();
    server.forceShutdown();
  });
  return connection;
}

async function consumed(items: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const list: Buffer[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* pieces(count: number): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < count; piece += 1) yield Buffer.alloc(64 * 1024);
}

test('a server that is silent is given up', async (t) => {
  const connection = await connectionTo(t);
  await fails(t, connection.unary(ask, Buffer.alloc(0), { timeoutMs: 20 }), 'deadline-exceeded');
  await fails(t, consumed(connection.receive(watch, Buffer.alloc(0), { timeoutMs: 20 })), 'deadline-exceeded');
  await fails(t, connection.send(give, pieces(1), { timeoutMs: 20 }), 'deadline-exceeded');
  await fails(t, connection.send(give, pieces(1_000), { timeoutMs: 20 }), 'deadline-exceeded');
});

test('what is cancelled ends, on both sides', async (t) => {
  const cancelled: string[] = [];
  const connection = await connectionTo(t, {
    ask: (call) => call.once('cancelled', () => cancelled.push('ask')),
    watch: (call) => call.once('cancelled', () => cancelled.push('watch')),
    give: (call) => {
      call.resume();
      call.once('cancelled', () => cancelled.push('give'));
    },
  });
  const withSignal = (work: (options: { signal: AbortSignal }) => Promise<unknown>): Promise<unknown> => {
    const controller = new AbortController();
    const working = work({ signal: controller.signal });
    setImmediate(() => {
      controller.abort();
    });
    return working;
  };
  await fails(
    t,
    withSignal((options) => connection.unary(ask, Buffer.alloc(0), options)),
    'cancelled',
  );
  await fails(
    t,
    withSignal((options) => consumed(connection.receive(watch, Buffer.alloc(0), options))),
    'cancelled',
  );
  await fails(
    t,
    withSignal((options) => connection.send(give, pieces(1_000_000), options)),
    'cancelled',
  );
  for (const call of [ask, watch])
    await fails(
      t,
      Promise.resolve().then(() => connection.unary(call, Buffer.alloc(0), { signal: AbortSignal.abort() })),
      'cancelled',
    );
});

test('an answer that comes before all is sent ends the sending', async (t) => {
  const connection = await connectionTo(t, {
    give: (call, answer) => {
      call.once('data', () => {
        answer(null, Buffer.from('enough'));
      });
    },
  });
  let asked = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      asked += 1;
      yield Buffer.alloc(64 * 1024);
    }
  }
  t.is((await connection.send(give, endless())).toString(), 'enough');
  const before = asked;
  await connection.unary(ask, Buffer.alloc(0), { timeoutMs: 20 }).catch(() => undefined);
  t.true(asked <= before + 1);
});

test('leaving the loop ends the call', async (t) => {
  let whenCancelled: (() => void) | undefined;
  const cancelled = new Promise<void>((resolve) => (whenCancelled = resolve));
  const connection = await connectionTo(t, {
    watch: (call) => {
      call.once('cancelled', () => whenCancelled?.());
      call.write(Buffer.from('first'));
    },
  });
  for await (const message of connection.receive(watch, Buffer.alloc(0))) {
    t.is(message.toString(), 'first');
    break;
  }
  await cancelled;
});

test('a status that no daemon made is told for what it is', async (t) => {
  const ending =
    (code: status): handleUnaryCall<Buffer, Buffer> =>
    (_call, answer) => {
      answer({ code, details: 'in its own words' });
    };
  for (const [code, reason] of [
    [status.UNAVAILABLE, 'daemon-not-running'],
    [status.CANCELLED, 'daemon-stopping'],
    [status.UNIMPLEMENTED, 'not-supported'],
    [status.UNKNOWN, 'internal'],
  ] as const) {
    const connection = await connectionTo(t, { ask: ending(code) });
    await fails(t, connection.unary(ask, Buffer.alloc(0)), reason);
  }
});

test('the token travels as a bearer token', async (t) => {
  const connection = await connectionTo(t, {
    ask: ({ metadata }, answer) => {
      answer(null, Buffer.from(metadata.get('authorization').join(',')));
    },
  });
  t.is((await connection.unary(ask, Buffer.alloc(0), { token: 'secret' })).toString(), 'Bearer secret');
  t.is((await connection.unary(ask, Buffer.alloc(0))).toString(), '');
});

test('what the source of requests fails with is passed on, and ends the call', async (t) => {
  const failure = new Error('of the source');
  const [taken, ended] = [new AbortController(), new AbortController()];
  const [whenTaken, whenEnded] = [once(taken.signal, 'abort'), once(ended.signal, 'abort')];
  const connection = await connectionTo(t, {
    give: (call) => {
      call.once('data', () => {
        taken.abort();
      });
      call.once('cancelled', () => {
        ended.abort();
      });
    },
  });
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(1);
    await whenTaken;
    throw failure;
  }
  t.is(await t.throwsAsync(connection.send(give, failing())), failure);
  await whenEnded;
});
