import test from 'ava';

import { formatFeedUri, parseFeedUri } from '../../../src/core/feed-uri.js';
import { subfeedOfName } from '../../../src/core/subfeed.js';

const id = 'ab'.repeat(32);

test('URIs of feeds and subfeeds are read and written', (t) => {
  t.is(formatFeedUri(parseFeedUri(`feed://${id}`)), `feed://${id}`);
  for (const name of ['main', 'a b/c?d#é', '~no hash', '100%']) {
    const uri = formatFeedUri({ ...parseFeedUri(`feed://${id}`), subfeed: subfeedOfName(name) });
    t.deepEqual(parseFeedUri(uri).subfeed, subfeedOfName(name), uri);
  }
  const { hash } = subfeedOfName({ job: 1 });
  t.is(formatFeedUri({ ...parseFeedUri(`feed://${id}`), subfeed: subfeedOfName({ job: 1 }) }), `feed://${id}/~${hash}`);
  t.deepEqual(parseFeedUri(`feed://${id}/~${hash}`).subfeed, { hash, nameJson: undefined });
  t.is(formatFeedUri({ ...parseFeedUri(`feed://${id}`), subfeed: subfeedOfName('') }), `feed://${id}/~${subfeedOfName('').hash}`);
});

test('a subfeed is named by its hash where its name would make the URI too long', (t) => {
  for (const [fits, isTooLong] of [
    ['x'.repeat(4_024), 'x'.repeat(4_025)],
    ['é'.repeat(670), 'é'.repeat(671)],
  ] as const) {
    for (const name of [fits, isTooLong]) {
      const uri = formatFeedUri({ ...parseFeedUri(`feed://${id}`), subfeed: subfeedOfName(name) });
      t.is(uri === `feed://${id}/~${subfeedOfName(name).hash}`, name === isTooLong);
      t.is(parseFeedUri(uri).subfeed?.hash, subfeedOfName(name).hash);
    }
  }
});

test('what is not such a URI is refused, with the reason', (t) => {
  for (const text of [
    '',
    'feed://',
    `feed://${id.toUpperCase()}`,
    `feed://${id}/%zz`,
    `feed://${id}/a?b`,
    `sha1://${id}`,
    `feed://${id}/${'x'.repeat(5_000)}`,
  ]) {
    t.like(
      t.throws(() => parseFeedUri(text)),
      { reason: 'invalid-uri' },
      text.slice(0, 80),
    );
  }
});
