import { Metadata, status } from '@grpc/grpc-js';
import test from 'ava';
import { readFile } from 'node:fs/promises';

import { RetryInfo } from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { failureReasons, KacheryError } from '../../../src/core/failure.js';
import { failureFromServiceError } from '../../../src/rpc/codec/failure-from-service-error.js';
import { errorReasonName, reasonCodes, reasonOfName } from '../../../src/rpc/codec/reason-codes.js';
import { statusDetailsKey, toStatus } from '../../../src/rpc/codec/status-details.js';

/** What a client gets when a server ends a call with this status. */
function serviceError({ code, details, metadata }: { code: status; details: string; metadata?: Metadata }): Error {
  return Object.assign(new Error(`${String(code)} ${status[code]}: ${details}`), { code, details, metadata: metadata ?? new Metadata() });
}

for (const reason of failureReasons) {
  test(`the client hears of ${reason} what the server had to say`, (t) => {
    const failure = failureFromServiceError(serviceError(toStatus(new KacheryError(reason, 'It “failed”.', { path: '/a b/ü' }))));
    t.is(failure.reason, reason);
    t.is(failure.message, 'It “failed”.');
    t.deepEqual({ ...failure.details }, { path: '/a b/ü' });
  });
}

test('each reason is told with the code and the name that the contract gives it', async (t) => {
  const proto = await readFile('proto/kachery_p2p/v1/error_reason.proto', 'utf8');
  const told = [...proto.matchAll(/\/\/ ([A-Z_]+)\..*(?:\n\s*\/\/.*)*\n\s*ERROR_REASON_(\w+) = (\d+);/g)].map(([, code, name, number]) => ({
    code,
    name,
    number,
  }));
  const mapped = failureReasons.map((reason) => {
    const { code, reason: number } = reasonCodes[reason];
    return { code: status[code], name: errorReasonName(reason), number: String(number) };
  });
  t.deepEqual(mapped, told);
});

test('the name of a reason leads back to it, other names lead nowhere', (t) => {
  for (const reason of failureReasons) t.is(reasonOfName(errorReasonName(reason)), reason);
  t.is(reasonOfName('UNSPECIFIED'), undefined);
  t.is(reasonOfName('LATER_INVENTED'), undefined);
});

test('an error that nobody foresaw is told as internal, without its text', (t) => {
  const { code, details, metadata } = toStatus(new TypeError('secret 1234'));
  t.is(code, status.INTERNAL);
  t.notRegex(details, /1234/);
  t.notRegex(String(metadata.get(statusDetailsKey)[0]), /1234/);
});

test('a stopping daemon tells when to try again', (t) => {
  const { metadata } = toStatus(new KacheryError('daemon-stopping', 'Later.'));
  const { details } = Status.decode(metadata.get(statusDetailsKey)[0] as Buffer);
  const retryInfo = details.find(({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.RetryInfo');
  t.is(RetryInfo.decode(retryInfo?.value ?? Buffer.alloc(0)).retryDelay?.seconds, 1n);
});

test('long and broken text is made to fit into a trailer', (t) => {
  for (const text of ['x'.repeat(100_000), '漢'.repeat(100_000), `half a pair: \ud83d ${'\u0000'.repeat(5_000)}`]) {
    const { details, metadata } = toStatus(new KacheryError('invalid-uri', text, { uri: text }));
    const encoded = metadata.get(statusDetailsKey)[0] as Buffer;
    t.true(encodeURI(details).length + encoded.toString('base64').length < 8_000);
    t.true(details.isWellFormed());
  }
});

test('an error from elsewhere is told by its code', (t) => {
  t.is(failureFromServiceError(serviceError({ code: status.UNAVAILABLE, details: 'connect ECONNREFUSED' })).reason, 'daemon-not-running');
  t.is(failureFromServiceError(serviceError({ code: status.CANCELLED, details: 'Cancelled on client' })).reason, 'cancelled');
  t.is(failureFromServiceError(serviceError({ code: status.UNIMPLEMENTED, details: 'no such method' })).reason, 'not-supported');
});

test('a reason that this program does not know is told by the code', (t) => {
  const sent = toStatus(new KacheryError('file-not-found', 'It is gone.'));
  const unknown = Status.decode(sent.metadata.get(statusDetailsKey)[0] as Buffer);
  const metadata = new Metadata();
  const renamed = Status.encode(unknown).finish();
  const text = Buffer.from(renamed).toString('latin1').replace('FILE_NOT_FOUND', 'FILE_NOT_FUNNY');
  metadata.set(statusDetailsKey, Buffer.from(text, 'latin1'));
  const failure = failureFromServiceError(serviceError({ ...sent, metadata }));
  t.is(failure.reason, 'file-not-found');
  t.is(failure.message, 'It is gone.');
});

test('a message over the limit of gRPC is told as too large, with both sizes', (t) => {
  const details = 'Received message larger than max (9000000 vs 8388608)';
  const failure = failureFromServiceError(serviceError({ code: status.RESOURCE_EXHAUSTED, details }));
  t.is(failure.reason, 'too-large');
  t.deepEqual({ ...failure.details }, { limit: '8388608', actual: '9000000' });
});

test('what is no error of a call becomes internal, a KacheryError stays as it is', (t) => {
  t.is(failureFromServiceError(new TypeError('x')).reason, 'internal');
  const own = new KacheryError('offline', 'No.');
  t.is(failureFromServiceError(own), own);
});
