import test from 'ava';
import fc from 'fast-check';

import { type NodeId } from '../../src/core/node-id.js';
import { formatChannelNode } from '../../src/network/channels/format-channel-node.js';
import { parseChannel } from '../../src/network/channels/parse-channel.js';
import { isKacheryError } from '../../src/core/failure.js';

const nodeId = fc.stringMatching(/^[0-9a-f]{64}$/) as fc.Arbitrary<NodeId>;
const label = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
const entry = fc.record({ nodeId, label, isRelay: fc.boolean(), isPublic: fc.boolean() });

test('the lines that are given to the owner of a channel are understood', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: (node) => node.nodeId, maxLength: 5 }), (entries) => {
      const text = `channelLabel: abcd\nauthorizedNodes:\n${entries.map((node) => `${formatChannelNode(node)}\n`).join('')}`;
      t.deepEqual(
        parseChannel('x', text).nodes,
        entries.map((node) => ({ ...node, isAdmin: false })),
      );
    }),
  );
});

test('whatever is in a file, it is understood or refused as an invalid channel', (t) => {
  const piece = fc.oneof(
    fc.constantFrom(
      'channelLabel: abcd\n',
      'authorizedNodes:\n',
      'bootstrapAddresses:\n',
      '  - ',
      '    ',
      '\t',
      'nodeId: ',
      'nodeLabel: ',
      'hostName: ',
      'url: ',
    ),
    fc.constantFrom(
      'port: 1\n',
      'isPublic: ',
      'true\n',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '&a ',
      '*a ',
      '!!map ',
      '? ',
      '| ',
      '> ',
      '"',
      "'",
      '\n',
      '---\n',
      '%',
      '#',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
    nodeId,
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        parseChannel('x', pieces.join(''));
      } catch (error) {
        if (!isKacheryError(error, 'channel-invalid')) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
