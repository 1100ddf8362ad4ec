import test from 'ava';

import { isKacheryError } from '../../../../src/core/failure.js';
import { limits } from '../../../../src/core/limits.js';
import { parseChannel } from '../../../../src/network/channels/parse-channel.js';
import { parseChannelApart } from '../../../../src/network/channels/parse-channel-apart.js';

const address = 'https://example.org/channel.yaml';
const id = `${'0'.repeat(63)}a`;
const never = new AbortController().signal;

test('a file of the original system is understood, with fields that nobody knows', (t) => {
  const text = `# our channel
channelLabel: flatiron.test_1
bootstrapAddresses:
  - hostName: example.org
    port: 4001
  - url: https://hub.example.org/x
    comment: [ignored, {at: any, level: true}]
  - hostName: "::1"
    port: "20422"
authorizedNodes:
  - nodeId: ${id}
    nodeLabel: Anna's laptop
    isAdmin: true
  - {nodeId: ${'b'.repeat(64)}, nodeLabel: hub, isMessageProxy: true, isPublic: True, owner: *nobody}
  - nodeId: ${'c'.repeat(64)}
    isDataProxy: true
    isPublic: false
    isAdmin:
extra: &anchor
  whatever: 1
`;
  const roles = { isAdmin: false, isRelay: false, isPublic: false };
  t.deepEqual(parseChannel(address, text), {
    label: 'flatiron.test_1',
    bootstrapAddresses: ['example.org:4001', 'hub.example.org:443', '[::1]:20422'],
    nodes: [
      { nodeId: id, label: "Anna's laptop", ...roles, isAdmin: true },
      { nodeId: 'b'.repeat(64), label: 'hub', ...roles, isRelay: true, isPublic: true },
      { nodeId: 'c'.repeat(64), label: '', ...roles, isRelay: true },
    ] as never,
  });
});

test('ids that look like numbers stay as they stand there', (t) => {
  const ids = ['1'.repeat(64), `1e5${'0'.repeat(61)}`, `0${'7'.repeat(63)}`, `0x${'0'.repeat(62)}`.replace('x', 'f'), `${'0'.repeat(62)}.5`.replace('.', 'e')];
  const text = `channelLabel: 1234\nauthorizedNodes:\n${ids.map((nodeId) => `  - nodeId: ${nodeId}\n    nodeLabel: 007\n`).join('')}`;
  const config = parseChannel(address, text);
  t.is(config.label, '1234');
  t.deepEqual(
    config.nodes.map((node) => node.nodeId as string),
    ids,
  );
  t.deepEqual(new Set(config.nodes.map(({ label }) => label)), new Set(['007']));
});

test('a list that is missing or empty is one without entries', (t) => {
  for (const text of [
    'channelLabel: abcd',
    'channelLabel: abcd\nauthorizedNodes:\nbootstrapAddresses: []\n',
    '\ufeffchannelLabel: abcd\r\nauthorizedNodes: ~\r\n',
  ])
    t.deepEqual(parseChannel(address, text), { label: 'abcd', bootstrapAddresses: [], nodes: [] });
});

test('a node that is listed twice has the roles of both entries', (t) => {
  const text = `channelLabel: abcd
authorizedNodes:
  - nodeId: ${id}
    isDataProxy: true
  - nodeId: ${id}
    nodeLabel: second
    isPublic: true
`;
  t.deepEqual(parseChannel(address, text).nodes as unknown, [{ nodeId: id, label: 'second', isAdmin: false, isRelay: true, isPublic: true }]);
});

const list = (lines: string): string => `channelLabel: abcd\nauthorizedNodes:\n${lines}`;
const bootstrap = (lines: string): string => `channelLabel: abcd\nbootstrapAddresses:\n${lines}`;

/** What people write, where the message points to (line:column), and what it must say. */
const mistakes: readonly (readonly [string, string, string | undefined, RegExp])[] = [
  ['nothing', '', undefined, /empty.*channelLabel: my-channel/],
  ['comments only', '# a\n\n  # b\n', undefined, /empty/],
  ['a web page', '\n<!DOCTYPE html>\n<html>', undefined, /web page.*raw file/],
  ['an answer of a server', '404: Not Found', undefined, /channelLabel is missing/],
  ['a text', 'hello', '1:1', /must be fields.*single value/],
  ['a list', '- a\n', '1:1', /must be fields.*a list/],
  ['two documents', 'channelLabel: abcd\n---\na: 1\n', '2:1', /second document/],
  ['no label', 'authorizedNodes: []\n', undefined, /channelLabel is missing/],
  ['an empty label', '\nchannelLabel:\n', '2:1', /channelLabel is missing/],
  ['a label with a space', 'channelLabel: my channel\n', '1:15', /"my channel".*4 to 160/],
  ['a short label', 'channelLabel: abc\n', '1:15', /4 to 160/],
  ['a label twice', 'channelLabel: abcd\nchannelLabel: abcd\n', '2:1', /channelLabel twice/],
  ['a tab', list(`\t- nodeId: ${id}\n`), '3:1', /tab.*spaces/],
  ['a tab in an entry', list(`  - nodeId: ${id}\n\t  nodeLabel: x\n`), '4:1', /tab/],
  ['no dash', list(`  nodeId: ${id}\n  nodeLabel: x\n`), '3:3', /must be a list.*"- "/],
  ['no dash before the second entry', list(`  - nodeId: ${id}\n    nodeLabel: x\n    nodeId: ${id}\n`), '5:5', /nodeId twice.*"- "/],
  ['no dash, and not indented', list(`  - nodeId: ${id}\n  nodeId: ${id}\n`), '4:1', /same column.*a "- "/],
  ['columns that differ', list(`  - nodeId: ${id}\n   nodeLabel: x\n`), '4:1', /goes on here without "- "/],
  ['an id without its name', list(`  - ${id}\n`), '3:5', /"nodeId: …"/],
  ['an entry without an id', list('  - nodeLabel: x\n'), '3:5', /no nodeId.*node-info/],
  ['an empty id', list('  - nodeLabel: x\n    nodeId:\n'), '4:5', /no nodeId/],
  ['large letters', list(`  - nodeId: ${id.toUpperCase()}\n`), '3:13', new RegExp(`letters must be small. Write ${id}`)],
  ['too few digits', list(`  - nodeId: ${id.slice(1)}\n`), '3:13', /63 digits in place of 64/],
  ['something else', list('  - nodeId: my-node\n'), '3:13', /64 digits 0-9 and a-f/],
  ['another spelling of nodeId', list(`  - nodeID: ${id}\n`), '3:5', /"nodeID". Write nodeId/],
  ['another spelling of authorizedNodes', `channelLabel: abcd\nauthorised_nodes:\n  - nodeId: ${id}\n`, '2:1', /Write authorizedNodes/],
  ['yes', list(`  - nodeId: ${id}\n    isPublic: yes\n`), '4:15', /isPublic is "yes". Write true or false/],
  ['a long name', list(`  - nodeId: ${id}\n    nodeLabel: ${'x'.repeat(101)}\n`), '4:16', /at most 100/],
  ['a name on two lines', list(`  - nodeId: ${id}\n    nodeLabel: "a\\nb"\n`), '4:16', /one line/],
  ['a name that is a list', list(`  - nodeId: ${id}\n    nodeLabel: [a]\n`), '4:16', /single value.*a list/],
  ['a colon in a name', list(`  - nodeId: ${id}\n    nodeLabel: a: b\n`), '4:16', /second colon.*quotation marks/],
  ['an @ before a name', list(`  - nodeId: ${id}\n    nodeLabel: @anna\n`), '4:16', /quotation marks/],
  ['no colon', list(`  - nodeId ${id}\n    nodeLabel: x\n`), '3:5', /colon is missing/],
  ['an alias', `a: &x []\nchannelLabel: abcd\nauthorizedNodes: *x\n`, '3:18', /alias/],
  ['an alias in place of an entry', `a: &x {}\nchannelLabel: abcd\nauthorizedNodes:\n  - *x\n`, '4:5', /alias/],
  ['an alias in place of a text', `a: &x abcd\nchannelLabel: *x\n`, '2:15', /alias/],
  ['a tag', 'channelLabel: !!python/object abcd\n', '1:15', /tag.*Remove/],
  ['a port in the name', bootstrap('  - hostName: example.org:5\n'), '3:15', /port on a line of its own/],
  ['no port', bootstrap('  - hostName: example.org\n'), '3:5', /port is missing/],
  ['a port that cannot be', bootstrap('  - hostName: example.org\n    port: 65536\n'), '4:11', /"65536".*1 to 65535/],
  ['a name that cannot be', bootstrap('  - hostName: a b\n    port: 1\n'), '3:15', /name of a machine/],
  ['neither host nor URL', bootstrap('  - port: 5\n'), '3:5', /hostName and port, or url/],
  ['both', bootstrap('  - hostName: a\n    port: 5\n    url: http://a\n'), '5:5', /not both/],
  ['a URL without a host', bootstrap('  - url: example\n'), '3:10', /URL with a host/],
  ['quotation marks that do not end', 'channelLabel: "abcd\n', '2:1', /not YAML/],
  ['deep nesting', 'x: '.concat('['.repeat(20_000)), '1:', /nested too deeply|not YAML/],
];

for (const [name, text, place, message] of mistakes) {
  test(`a mistake is named with its place: ${name}`, (t) => {
    const error = t.throws(() => parseChannel(address, text));
    t.true(isKacheryError(error, 'channel-invalid'));
    if (!isKacheryError(error)) return;
    t.regex(error.message, message);
    t.true(error.message.startsWith(`What is at ${address} is not a channel: `), error.message);
    t.is(error.details['channel'], address);
    const [line, column = ''] = place?.split(':') ?? [];
    t.is(error.details['line'], line);
    if (line !== undefined) t.true(error.message.includes(`: line ${line}, column ${column}`), error.message);
    if (column !== '') t.true(error.message.includes(`column ${column}: `), error.message);
  });
}

test('a page that shows a file leads to the file', (t) => {
  const pages: [string, string][] = [
    ['https://github.com/lab/repo/blob/main/dir/channel.yaml', 'https://raw.githubusercontent.com/lab/repo/main/dir/channel.yaml'],
    ['https://gist.github.com/anna/0123456789abcdef#file-channel-yaml', 'https://gist.githubusercontent.com/anna/0123456789abcdef/raw'],
    ['https://gitlab.com/lab/repo/-/blob/main/channel.yaml?x=1', 'https://gitlab.com/lab/repo/-/raw/main/channel.yaml'],
  ];
  for (const [page, raw] of pages) t.throws(() => parseChannel(page, '<html>'), { message: new RegExp(`probably ${raw.replaceAll(/[.?]/g, '\\$&')}\\.$`) });
});

test('lists are bounded', (t) => {
  const nodes = Array.from({ length: limits.maxChannelNodes + 1 }, () => `  - nodeId: ${id}\n`).join('');
  t.throws(() => parseChannel(address, list(nodes)), { message: /line 2.*10001 entries; at most 10000/ });
  const addresses = Array.from({ length: limits.maxBootstrapAddresses + 1 }, () => '  - url: http://a\n').join('');
  t.throws(() => parseChannel(address, bootstrap(addresses)), { message: /line 2.*at most 100/ });
});

test('a process of its own gives the same', async (t) => {
  const text = list(`  - nodeId: ${id}\n`);
  const parsed = await Promise.all(Array.from({ length: 8 }, () => parseChannelApart({ address, text }, { signal: never })));
  t.deepEqual(new Set(parsed.map((config) => JSON.stringify(config))), new Set([JSON.stringify(parseChannel(address, text))]));
  const error = await t.throwsAsync(parseChannelApart({ address, text: list('  - nodeId: x\n') }, { signal: never }));
  t.true(isKacheryError(error, 'channel-invalid'));
  t.is(isKacheryError(error) ? error.details['line'] : undefined, '3');
});

test('a text that is made to take minutes ends, and with the caller at once', async (t) => {
  const text = `[${','.repeat(limits.maxChannelFileBytes - 1)}`;
  const error = await t.throwsAsync(parseChannelApart({ address, text }, { signal: never, parseMs: 500 }));
  t.true(isKacheryError(error, 'channel-invalid'));
  t.regex(error.message, /too much time or memory/);
  const deadly = await t.throwsAsync(parseChannelApart({ address, text: '- '.repeat(8_192) }, { signal: never }));
  t.true(isKacheryError(deadly, 'channel-invalid'));
  const controller = new AbortController();
  const parsing = parseChannelApart({ address, text }, { signal: controller.signal });
  controller.abort(new Error('left'));
  await t.throwsAsync(parsing, { message: 'left' });
});
