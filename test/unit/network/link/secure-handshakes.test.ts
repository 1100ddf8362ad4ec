import { createSign, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions, createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';

import { isKacheryError } from '../../../../src/core/failure.js';
import { der, derTags } from '../../../../src/network/link/der.js';
import { linkProtocols } from '../../../../src/network/link/link-protocol.js';
import { makeNodeCertificate } from '../../../../src/network/link/node-certificate.js';
import { SecureHandshakes } from '../../../../src/network/link/secure-handshakes.js';
import { type SecureStream } from '../../../../src/network/link/secure-stream.js';
import { newIdentity } from '../../../support/linked-node.js';

const call = { address: 'there', nodeId: undefined, protocol: linkProtocols.call };

/** The two ends of a TCP connection. */
async function streams(t: ExecutionContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dialing = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  server.close();
  t.teardown(() => [dialing, accepted].forEach((socket) => socket.destroy()));
  return [dialing, accepted];
}

function handshakes(handshakeMs = 10_000) {
  const identity = newIdentity();
  return { identity, id: identity.id, handshakes: new SecureHandshakes(identity, { handshakeMs }) };
}

async function exchange(from: SecureStream, to: SecureStream): Promise<string> {
  from.socket.write('hello');
  const [bytes] = (await once(to.socket, 'data')) as [Buffer];
  return bytes.toString();
}

test('a certificate says whose key it is, lasts, and is always the same', (t) => {
  const { privateKey, nodeId } = newIdentity();
  const certificate = new X509Certificate(makeNodeCertificate(privateKey));
  t.is(certificate.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'), nodeId);
  t.true(certificate.verify(certificate.publicKey));
  t.false(certificate.ca);
  t.is(certificate.subject, 'CN=kachery-p2p node');
  t.is(new Date(certificate.validFrom).getUTCFullYear(), 2000);
  t.is(new Date(certificate.validTo).getUTCFullYear(), 9999);
  t.is(makeNodeCertificate(privateKey), makeNodeCertificate(privateKey));
});

test('lengths of DER have one, two or three bytes', (t) => {
  const header = (sizeBytes: number): string =>
    der(derTags.octetString, Buffer.alloc(sizeBytes))
      .subarray(0, -sizeBytes || undefined)
      .toString('hex');
  t.deepEqual([0, 127, 128, 255, 256, 65_535].map(header), ['0400', '047f', '048180', '0481ff', '04820100', '0482ffff']);
});

test('both ends learn whose key the other one has, for both protocols', async (t) => {
  const [dialer, acceptor] = [handshakes(), handshakes()];
  for (const protocol of Object.values(linkProtocols)) {
    const [dialing, accepted] = await streams(t);
    const [there, here] = await Promise.all([
      dialer.handshakes.asDialer(dialing, { address: 'there', nodeId: acceptor.id, protocol }),
      acceptor.handshakes.asAcceptor(accepted, 'here'),
    ]);
    t.deepEqual([there.nodeId, here.nodeId], [acceptor.id, dialer.id]);
    t.deepEqual([there.protocol, here.protocol], [protocol, protocol]);
    t.is(there.socket.getProtocol(), 'TLSv1.3');
    t.is(await exchange(there, here), 'hello');
    t.is(await exchange(here, there), 'hello');
  }
});

test('a stream that is no socket is secured as well', async (t) => {
  const [dialer, acceptor] = [handshakes(), handshakes()];
  const [one, other] = duplexPair();
  const [there, here] = await Promise.all([dialer.handshakes.asDialer(one, call), acceptor.handshakes.asAcceptor(other, 'here')]);
  t.deepEqual([there.nodeId, here.nodeId], [acceptor.id, dialer.id]);
  t.is(await exchange(there, here), 'hello');
});

test('many handshakes at once do not mix up who is who', async (t) => {
  const acceptor = handshakes();
  const dialers = Array.from({ length: 12 }, () => handshakes());
  const found = await Promise.all(
    dialers.map(async (dialer) => {
      const [dialing, accepted] = await streams(t);
      const [, here] = await Promise.all([dialer.handshakes.asDialer(dialing, call), acceptor.handshakes.asAcceptor(accepted, 'here')]);
      return here.nodeId;
    }),
  );
  t.deepEqual(
    found,
    dialers.map(({ id }) => id),
  );
});

test('another node than the expected one is refused', async (t) => {
  const [dialer, acceptor, expected] = [handshakes(), handshakes(), newIdentity()];
  const [dialing, accepted] = await streams(t);
  const accepting = acceptor.handshakes.asAcceptor(accepted, 'here').catch((error: unknown) => error);
  const error = await t.throwsAsync(dialer.handshakes.asDialer(dialing, { ...call, nodeId: expected.id }));
  t.true(isKacheryError(error, 'node-unreachable') && error.details['node'] === acceptor.id);
  t.true(dialing.destroyed);
  await accepting;
});

/** What an acceptor says of a client of TLS that is none of ours. */
async function refusalOf(t: ExecutionContext, options: ConnectionOptions): Promise<string> {
  const acceptor = handshakes();
  const [dialing, accepted] = await streams(t);
  const client = connectTls({ socket: dialing, rejectUnauthorized: false, ALPNProtocols: [linkProtocols.call], ...options }).on('error', () => undefined);
  const closed = new Promise((resolve) => client.once('close', resolve));
  const error = await t.throwsAsync(acceptor.handshakes.asAcceptor(accepted, 'here'));
  t.true(isKacheryError(error, 'node-unreachable'), String(error));
  await closed;
  return error.message;
}

function ours() {
  const { privateKey } = newIdentity();
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }), cert: makeNodeCertificate(privateKey) };
}

test('an acceptor refuses who shows no certificate', async (t) => {
  t.regex(await refusalOf(t, {}), /shows no certificate/);
});

test('an acceptor refuses who names no protocol, or another one', async (t) => {
  t.regex(await refusalOf(t, { ...ours(), ALPNProtocols: [] }), /does not name a protocol/);
  t.regex(await refusalOf(t, { ...ours(), ALPNProtocols: ['h2'] }), /another protocol/);
});

test('an acceptor refuses TLS before 1.3', async (t) => {
  t.regex(await refusalOf(t, { ...ours(), maxVersion: 'TLSv1.2' }), /TLS 1\.3/);
});

test('an acceptor refuses another kind of key', async (t) => {
  t.regex(await refusalOf(t, ecCertificate()), /handshake of TLS failed|certificate/);
});

test('a dialer refuses a server with another kind of key, with another protocol, or before TLS 1.3', async (t) => {
  const answers: [TlsOptions, RegExp][] = [
    [{ ...ecCertificate(), ALPNProtocols: [linkProtocols.call] }, /handshake of TLS failed/],
    [{ ...ours(), ALPNProtocols: ['h2'] }, /no kachery-p2p node/],
    [{ ...ours() }, /does not name a protocol/],
    [{ ...ours(), maxVersion: 'TLSv1.2', ALPNProtocols: [linkProtocols.call] }, /TLS 1\.3/],
  ];
  for (const [options, expected] of answers) {
    const [dialing, accepted] = await streams(t);
    createTlsServer(options)
      .on('tlsClientError', () => undefined)
      .emit('connection', accepted);
    const error = await t.throwsAsync(handshakes().handshakes.asDialer(dialing, call));
    t.true(isKacheryError(error, 'node-unreachable'), String(error));
    t.regex(error.message, expected);
    t.true(dialing.destroyed);
  }
});

test('no session can be resumed: every connection proves its key', async (t) => {
  const acceptor = handshakes();
  const first = await streams(t);
  const credentials = ours();
  const dial = (socket: Socket, session?: Buffer): TLSSocket =>
    connectTls({ socket, ...credentials, rejectUnauthorized: false, ALPNProtocols: [linkProtocols.call], ...(session && { session }) }).on(
      'error',
      () => undefined,
    );
  const client = dial(first[0]);
  const sessions: Buffer[] = [];
  client.on('session', (session: Buffer) => sessions.push(session));
  const here = await acceptor.handshakes.asAcceptor(first[1], 'here');
  here.socket.write('so that tickets come, if there are any');
  client.resume();
  await once(client, 'session');
  for (const session of sessions) {
    const [dialing, accepted] = await streams(t);
    const again = dial(dialing, session);
    const outcome = await acceptor.handshakes.asAcceptor(accepted, 'here').catch((error: unknown) => error as Error);
    // It is a full handshake, or none.
    t.true(outcome instanceof Error || !outcome.socket.isSessionReused());
    again.destroy();
  }
  t.pass();
});

test('silence ends with the time, and a handshake that is given up at once', async (t) => {
  const { handshakes: quick } = handshakes(50);
  for (const secure of [(stream: Socket) => quick.asDialer(stream, call), (stream: Socket) => quick.asAcceptor(stream, 'here')]) {
    const [stream] = await streams(t);
    const error = await t.throwsAsync(secure(stream));
    t.true(isKacheryError(error, 'node-unreachable'));
    t.regex(error.message, /0\.05 s/);
    t.true(stream.destroyed);
  }
  const { handshakes: patient } = handshakes();
  const controller = new AbortController();
  const [dialing, accepted] = await streams(t);
  const dials = t.throwsAsync(patient.asDialer(dialing, call, { signal: controller.signal }));
  const accepts = t.throwsAsync(patient.asAcceptor(accepted, 'here', { signal: controller.signal }));
  controller.abort();
  t.true(isKacheryError(await dials, 'cancelled') && isKacheryError(await accepts, 'cancelled'));
  const [late] = await streams(t);
  t.true(isKacheryError(await t.throwsAsync(patient.asAcceptor(late, 'here', { signal: controller.signal })), 'cancelled'));
  t.true(late.destroyed);
});

test('garbage and plain HTTP end a handshake at either end', async (t) => {
  const { handshakes: either } = handshakes();
  for (const [talk, expected] of [
    ['x'.repeat(1000), /does not speak TLS|handshake/],
    ['GET / HTTP/1.1\r\n\r\n', /HTTP|TLS/],
  ] as const) {
    const [dialing, accepted] = await streams(t);
    dialing.on('error', () => undefined).write(talk);
    t.regex((await t.throwsAsync(either.asAcceptor(accepted, 'here'))).message, expected);
    const [other, talking] = await streams(t);
    talking.on('error', () => undefined).write(talk);
    t.regex((await t.throwsAsync(either.asDialer(other, call))).message, /does not speak TLS|HTTP/);
  }
});

/** A self-signed certificate of an elliptic key, as a node of another make may have one. */
function ecCertificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { sequence, set, integer, objectIdentifier, utf8String, utcTime, bitString, context0 } = derTags;
  const algorithm = der(sequence, der(objectIdentifier, Buffer.from('2a8648ce3d040302', 'hex')));
  const name = der(sequence, der(set, der(sequence, der(objectIdentifier, Buffer.of(0x55, 4, 3)), der(utf8String, 'x'))));
  const validity = der(sequence, der(utcTime, '000101000000Z'), der(utcTime, '400101000000Z'));
  const version = der(context0, der(integer, Buffer.of(2)));
  const content = der(sequence, version, der(integer, Buffer.of(1)), algorithm, name, validity, name, publicKey.export({ format: 'der', type: 'spki' }));
  const certificate = der(sequence, content, algorithm, der(bitString, Buffer.of(0), createSign('sha256').update(content).sign(privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }), cert };
}

/** Two streams of which each reads what the other one writes. */
function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _encoding, done) => {
          ends[other]?.push(chunk);
          done();
        },
        final: (done) => {
          ends[other]?.push(null);
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}
