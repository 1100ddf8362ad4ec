import test from 'ava';

import { formatFailure, parseFailure } from '../../../src/cli/command-line-failure.js';
import { KacheryError } from '../../../src/core/failure.js';

const failure = new KacheryError('path-not-found', 'There is no file\n  at "/x".', { path: '/x' });

test('a failure is told to people in one line with its reason', (t) => {
  t.is(formatFailure(failure, false), 'kachery-p2p: path-not-found: There is no file at "/x".');
});

test('what would change a terminal is escaped', (t) => {
  t.is(formatFailure(new Error('a\u001b[31m\u009b\u202eb'), false).split('. ')[0], String.raw`kachery-p2p: internal: Error: a\u001b[31m\u009b\u202eb`);
});

test('a failure is told to programs in one line of JSON', (t) => {
  const line = formatFailure(failure, true);
  t.false(line.includes('\n'));
  t.deepEqual(JSON.parse(line), { error: { reason: 'path-not-found', message: failure.message, details: { path: '/x' } } });
});

test('what is none of ours is told as internal', (t) => {
  t.regex(formatFailure(new TypeError('x is not a function'), false), /^kachery-p2p: internal: TypeError: x is not a function/);
  t.regex(formatFailure('text', true), /"reason":"internal"/);
});

test('a failure is read back from its line, and from no other', (t) => {
  const read = parseFailure(formatFailure(failure, true));
  t.like(read, { reason: 'path-not-found', message: failure.message, details: { path: '/x' } });
  for (const line of ['', '{"level":30,"msg":"x"}', '{"error":{"reason":"unheard-of","message":"","details":{}}}', '{"error":{"reason":']) {
    t.is(parseFailure(line), undefined);
  }
});
