import test from 'ava';

import { isKacheryError } from '../../../../src/core/failure.js';
import { isLocalFile, parseChannelAddress } from '../../../../src/network/channels/channel-address.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';

const commit = '0123456789abcdef0123456789abcdef01234567';

test('an address is a URL as it stands there, or a path', (t) => {
  const addresses: [string, string][] = [
    ['https://example.org/channel.yaml?token=x', 'https://example.org/channel.yaml?token=x'],
    ['HTTP://Example.org', 'HTTP://Example.org'],
    ['  https://example.org/a \n', 'https://example.org/a'],
    ['/data/channel.yaml', '/data/channel.yaml'],
    ['/data//x/../channel.yaml', '/data/channel.yaml'],
    ['file:///data/my%20channel.yaml', '/data/my channel.yaml'],
    ['file://localhost/data/channel.yaml', '/data/channel.yaml'],
    [`https://gist.githubusercontent.com/anna/0a1b/raw/${commit}/channel.yaml`, 'https://gist.githubusercontent.com/anna/0a1b/raw/channel.yaml'],
    ['https://gist.githubusercontent.com/anna/0a1b/raw/channel.yaml', 'https://gist.githubusercontent.com/anna/0a1b/raw/channel.yaml'],
    [`https://raw.githubusercontent.com/anna/repo/${commit}/channel.yaml`, `https://raw.githubusercontent.com/anna/repo/${commit}/channel.yaml`],
  ];
  for (const [text, address] of addresses) t.is(String(parseChannelAddress(text)), address);
  t.true(isLocalFile(parseChannelAddress('file:///x')));
  t.false(isLocalFile(parseChannelAddress('https://example.org/x')));
});

test('what cannot be an address is refused with what to give', (t) => {
  const wrong: [string, RegExp][] = [
    ['', /is empty/],
    ['channel.yaml', /relative path.*absolute path/],
    ['./channel.yaml', /relative path/],
    ['ftp://example.org/x', /begins with ftp:/],
    ['https://', /is not a URL/],
    ['https://anna:secret@example.org/x', /user name or a password/],
    ['https://example.org/\u0000', /control characters/],
    ['file://other-host/x', /not the URL of a file/],
    [`https://example.org/${'x'.repeat(4_096)}`, /more than 4096/],
  ];
  for (const [text, message] of wrong) {
    const error = t.throws(() => parseChannelAddress(text), { message });
    t.true(isKacheryError(error, 'invalid-argument'));
  }
});

test('the tag is the one of the contract', (t) => {
  // printf 'kachery-p2p/channel-tag/1\0https://example.org/channel.yaml' | sha256sum
  t.is(String(channelTag(parseChannelAddress('https://example.org/channel.yaml'))), '505fef88037ea5c128e34dcda2c1e7bac31383cf34f69bbf7427b9a8405d510f');
});
