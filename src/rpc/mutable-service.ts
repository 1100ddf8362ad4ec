import {
  type Mutable,
  type MutableExpectation as ExpectationMessage,
  type MutableServiceServer,
  type WatchMutablesResponse,
} from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { canonicalJson } from '../core/canonical-json.js';
import { quoted } from '../core/content-id.js';
import { escapeBeyondAscii } from '../core/escape-beyond-ascii.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseExactJson } from '../core/parse-exact-json.js';
import { parseJsonText } from '../core/parse-json-text.js';
import { type MutableChange, type MutableEntry, type MutableExpectation, type MutableKey, type MutableStore } from '../mutables/mutable-store.js';
import { parseMutableKey } from '../mutables/parse-mutable-key.js';
import { nextPageToken, parsePageSize, parsePageToken } from './paging.js';
import { parsePosition } from './position.js';
import { serverStreamHandler } from './streams/server-stream-handler.js';
import { unaryHandler } from './streams/unary-handler.js';
import { timestamp } from './timestamp.js';

/** MutableService over the mutables of a node: parses what comes in, maps what goes out. `idleMs`: how long a watcher may take nothing while there is news. */
export function mutableService(mutables: MutableStore, options: { readonly idleMs: number }): MutableServiceServer {
  return {
    getMutable: unaryHandler(async ({ keyJson }) => ({ mutable: mutableMessage(await mutables.get(parseMutableKey(keyJson))) })),
    setMutable: unaryHandler(async ({ keyJson, valueJson, expectation }) => {
      parseJsonText(valueJson, 'value_json', limits.maxMutableValueBytes);
      return { mutable: mutableMessage(await mutables.set(parseMutableKey(keyJson), valueJson, parseExpectation(expectation))) };
    }),
    deleteMutable: unaryHandler(async ({ keyJson, expectation }) => {
      await mutables.delete(parseMutableKey(keyJson), parseExpectation(expectation));
      return {};
    }),
    listMutables: unaryHandler(async ({ keyJsonPrefix, pageSize, pageToken }) => {
      const page = await mutables.list(checkPrefix(keyJsonPrefix), parsePageToken(pageToken, isMutableKey), parsePageSize(pageSize));
      return { mutables: page.items.map(mutableMessage), nextPageToken: nextPageToken(page, ({ key }) => key) };
    }),
    watchMutables: serverStreamHandler(
      async function* ({ keyJsonPrefix, withExisting }, { signal }): AsyncGenerator<WatchMutablesResponse, void, undefined> {
        for await (const change of mutables.watch(checkPrefix(keyJsonPrefix), { withExisting, signal })) yield changeMessage(change);
      },
      { ...options, isSubscription: true },
    ),
  };
}

function parseExpectation(message: ExpectationMessage | undefined): MutableExpectation | undefined {
  if (!message) return undefined;
  const { expected } = message;
  if (expected?.$case === 'valueJson') {
    return { kind: 'value', canonical: canonicalJson(parseExactJson(expected.value, 'expectation.value_json', limits.maxMutableValueBytes)) };
  }
  if (expected?.$case === 'version') return { kind: 'version', version: parsePosition(expected.value, 'expectation.version') };
  if (expected?.value === true) return { kind: 'absent' };
  throw new KacheryError('invalid-argument', 'The expectation does not say what is expected: give absent as true, value_json or version.', {
    field: 'expectation',
  });
}

function checkPrefix(prefix: string): string {
  const escapedCharacter = /[\u007f-\u{10ffff}]/u.exec(prefix)?.[0];
  if (escapedCharacter !== undefined) {
    const advice = `Write ${escapeBeyondAscii(escapedCharacter)} for ${quoted(escapedCharacter)}.`;
    throw new KacheryError('invalid-argument', `No key begins with this prefix, for canonical JSON has no character beyond ASCII. ${advice}`, {
      field: 'key_json_prefix',
    });
  }
  if (prefix.length <= limits.maxMutableKeyBytes) return prefix;
  throw new KacheryError('invalid-argument', `No key is as long as this prefix of ${String(prefix.length)} characters.`, { field: 'key_json_prefix' });
}

function isMutableKey(text: string): text is MutableKey {
  try {
    return parseMutableKey(text) === text;
  } catch {
    return false;
  }
}

function mutableMessage({ key, valueJson, version, updatedAtMs }: MutableEntry): Mutable {
  return { keyJson: key, valueJson, version: BigInt(version), updatedAt: timestamp(updatedAtMs) };
}

function changeMessage(change: MutableChange): WatchMutablesResponse {
  return change.kind === 'set' ? { change: { $case: 'set', value: mutableMessage(change.entry) } } : { change: { $case: 'deletedKeyJson', value: change.key } };
}
