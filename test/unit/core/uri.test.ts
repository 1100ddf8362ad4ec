import test from 'ava';
import fc from 'fast-check';
import { isKacheryError } from '../../../src/core/failure.js';
import { checkLabel, formatFileUri, labelFromPath, parseFileUri, parseUri } from '../../../src/core/uri.js';
import { parseContentId } from '../../../src/core/content-id.js';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);

test('the forms of a URI', (t) => {
  t.like(parseUri(`sha1://${a}`), { kind: 'file', id: a, label: '' });
  t.like(parseUri(`sha1://${a}/name with spaces.dat`), { kind: 'file', label: 'name with spaces.dat' });
  t.like(parseUri(`sha1://${a}/some/folder/name`), { kind: 'file', label: 'some/folder/name' });
  t.like(parseUri(`sha1://${a}.old-label/name?manifest=${b}`), { kind: 'file', id: a, label: 'name', manifestId: b });
  t.like(parseUri(`sha1://${a}?chunkOf=${b}~20000000~40000000`), { kind: 'chunk', id: a, parentId: b, range: { start: 20_000_000, end: 40_000_000 } });
  t.like(parseUri(`sha1dir://${a}.label/one/two.txt`), { kind: 'directory', id: a, path: ['one', 'two.txt'] });
  t.like(parseUri(`sha1dir://${a}`), { kind: 'directory', path: [] });
});

const malformed = [
  '',
  'nonsense',
  'sha1://',
  `sha1://${a.slice(1)}`,
  `sha1://${a}a`,
  `sha1://${a.toUpperCase()}`,
  `sha1://${a.slice(1)}g`,
  'sha1://../../etc/passwd',
  `sha1:///${a}`,
  `SHA1://${a}`,
  ` sha1://${a}`,
  `md5://${a}`,
  `file://${a}`,
  `sha1://${a}?manifest=${b}?manifest=${b}`,
  `sha1://${a}?manifest=${b}&manifest=${b}`,
  `sha1://${a}?manifest=`,
  `sha1://${a}?manifest=xyz`,
  `sha1://${a}?`,
  `sha1://${a}?unknown=1`,
  `sha1://${a}/label#fragment`,
  `sha1://${a}/line\nbreak`,
  `sha1://${a}/\0`,
  `sha1://${a}/${'x'.repeat(256)}`,
  `sha1://${a}/${'x'.repeat(10_000)}`,
  `sha1://${a}?chunkOf=${b}`,
  `sha1://${a}?chunkOf=${b}~5~5`,
  `sha1://${a}?chunkOf=${b}~6~5`,
  `sha1://${a}?chunkOf=${b}~-1~5`,
  `sha1://${a}?chunkOf=${b}~00~5`,
  `sha1://${a}?chunkOf=${b}~0~99999999999999999999`,
  `sha1://${a}?chunkOf=${b}~0~5&manifest=${b}`,
  `sha1dir://${a}/../x`,
  `sha1dir://${a}/x/./y`,
  `sha1dir://${a}//x`,
  `sha1dir://${a}/x?manifest=${b}`,
];
for (const [number, text] of malformed.entries()) {
  test(`not a URI, ${String(number)}: ${JSON.stringify(text.slice(0, 80))}`, (t) => {
    const error = t.throws(() => parseUri(text));
    t.true(isKacheryError(error, 'invalid-uri'));
    t.true(error.message.length < 500);
  });
}

test('only whole files where a whole file is needed', (t) => {
  t.true(
    isKacheryError(
      t.throws(() => parseFileUri(`sha1dir://${a}/x`)),
      'invalid-uri',
    ),
  );
});

test('any text is a URI or an invalid one, nothing else', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `sha1://${a}${text}`),
        fc.string().map((text) => `sha1dir://${a}/${text}`),
      ),
      (text) => {
        try {
          parseUri(text);
        } catch (error) {
          return isKacheryError(error, 'invalid-uri');
        }
        return true;
      },
    ),
  );
  t.pass();
});

test('a label made from any path can stand in a URI and comes back', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (path) => {
      const label = checkLabel(labelFromPath(path));
      const uri = parseUri(formatFileUri(parseContentId(a), label, parseContentId(b)));
      return uri.kind === 'file' && uri.label === label && uri.manifestId === b;
    }),
  );
  t.pass();
});

test('labels that would break a URI are refused', (t) => {
  for (const label of ['a/b', 'a?b', 'a#b', 'a\nb', 'x'.repeat(256), 'é'.repeat(128), '\ud800']) {
    t.true(
      isKacheryError(
        t.throws(() => checkLabel(label)),
        'invalid-argument',
      ),
      label,
    );
  }
  t.is(checkLabel('é'.repeat(127)), 'é'.repeat(127));
});
