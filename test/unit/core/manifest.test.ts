import test from 'ava';
import { parseContentId } from '../../../src/core/content-id.js';
import { findInDirectory } from '../../../src/core/directory-listing.js';
import { isKacheryError } from '../../../src/core/failure.js';
import { formatManifest, hasManifest, makeManifest, parseManifest } from '../../../src/core/manifest.js';
import { parseUri } from '../../../src/core/uri.js';

const a = parseContentId('a'.repeat(40));
const b = parseContentId('b'.repeat(40));

test('a manifest is written as kachery-p2p 0.8 wrote it', (t) => {
  const text = `{"size":20000001,"sha1":"${a}","chunks":[{"start":0,"end":20000000,"sha1":"${b}"},{"start":20000000,"end":20000001,"sha1":"${b}"}]}`;
  t.is(formatManifest(makeManifest(a, 20_000_001, [b, b])), text);
  t.deepEqual(parseManifest(text, a), makeManifest(a, 20_000_001, [b, b]));
  t.false(hasManifest(20_000_000));
  t.true(hasManifest(20_000_001));
});

test('manifests of other chunk sizes and spellings are read', (t) => {
  const text = JSON.stringify(
    {
      chunks: [
        { sha1: b, end: 5, start: 0, note: 1 },
        { start: 5, end: 6, sha1: a },
      ],
      sha1: a,
      size: 6,
    },
    null,
    4,
  );
  t.deepEqual(parseManifest(text, a), {
    size: 6,
    sha1: a,
    chunks: [
      { start: 0, end: 5, sha1: b },
      { start: 5, end: 6, sha1: a },
    ],
  });
});

const unusable: Record<string, unknown> = {
  'of another file': { size: 1, sha1: b, chunks: [{ start: 0, end: 1, sha1: a }] },
  'with a gap': {
    size: 3,
    sha1: a,
    chunks: [
      { start: 0, end: 1, sha1: a },
      { start: 2, end: 3, sha1: a },
    ],
  },
  'with an overlap': {
    size: 3,
    sha1: a,
    chunks: [
      { start: 0, end: 2, sha1: a },
      { start: 1, end: 3, sha1: a },
    ],
  },
  'too short': { size: 3, sha1: a, chunks: [{ start: 0, end: 2, sha1: a }] },
  'without hashes': { size: 1, sha1: a, chunks: [{ start: 0, end: 1 }] },
  'with negative sizes': { size: -1, sha1: a, chunks: [] },
  'with an empty chunk': { size: 0, sha1: a, chunks: [{ start: 0, end: 0, sha1: a }] },
  'of no chunks': { size: 1, sha1: a },
  'that is null': null,
};
for (const [name, value] of Object.entries(unusable)) {
  test(`a manifest ${name} is refused`, (t) => {
    t.true(
      isKacheryError(
        t.throws(() => parseManifest(JSON.stringify(value), a)),
        'content-corrupt',
      ),
    );
  });
}

test('a manifest that is not JSON is refused', (t) => {
  t.true(
    isKacheryError(
      t.throws(() => parseManifest('{', a)),
      'content-corrupt',
    ),
  );
});

test('files are found in directory listings', (t) => {
  const listing = JSON.stringify({
    files: { 'x.txt': { size: 1, sha1: a }, both: { size: 1, sha1: a } },
    dirs: { sub: { files: { 'y.txt': { size: 1, sha1: b } }, dirs: {} }, both: { files: {}, dirs: {} } },
  });
  const find = (path: string) => {
    const uri = parseUri(`sha1dir://${a}/${path}`);
    if (uri.kind !== 'directory') throw new Error('not a directory URI');
    return findInDirectory(listing, uri);
  };
  t.is(find('x.txt'), a);
  t.is(find('sub/y.txt'), b);
  for (const path of ['absent', 'sub', 'sub/absent', 'x.txt/deeper', '', 'both', 'toString', 'sub/__proto__']) {
    t.true(
      isKacheryError(
        t.throws(() => find(path)),
        'file-not-found',
      ),
      path,
    );
  }
});
