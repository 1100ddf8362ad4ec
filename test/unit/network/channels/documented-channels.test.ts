import { readFile } from 'node:fs/promises';

import test from 'ava';

import { parseChannel } from '../../../../src/network/channels/parse-channel.js';

const address = 'https://example.org/our-lab.yaml';

for (const path of ['README.md', 'docs/network.md', 'docs/hub.md']) {
  test(`the channels that ${path} shows are channels`, async (t) => {
    const samples = [...(await readFile(path, 'utf8')).matchAll(/^( *)```yaml\n([^]*?)^ *```$/gm)];
    t.true(samples.length > 0);
    for (const [, indentation = '', text = ''] of samples) {
      const { label, nodes } = parseChannel(address, text.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''));
      t.is(label, 'our-lab');
      t.true(nodes.length > 0);
    }
  });
}
