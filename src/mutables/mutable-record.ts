import { type MutableEntry, type MutableKey } from './mutable-store.js';

const layoutVersion = 1;
const offsets = { version: 1, updatedAt: 9, valueJson: 17 } as const;
const keyPrefix = 'm';

/** Where the last version that was given is kept. */
export const lastVersionKey = Buffer.from('v');

/** The database key of a mutable, or the beginning of those whose keys begin with `key`. */
export function mutableDatabaseKey(key: string): Buffer {
  return Buffer.from(keyPrefix + key);
}

/** The entry as it is stored. */
export function encodeMutable({ valueJson, version, updatedAtMs }: MutableEntry): Buffer {
  const head = Buffer.alloc(offsets.valueJson);
  head.writeUInt8(layoutVersion);
  head.writeBigUInt64BE(BigInt(version), offsets.version);
  head.writeDoubleBE(updatedAtMs, offsets.updatedAt);
  return Buffer.concat([head, Buffer.from(valueJson)]);
}

/** The entry that is stored under a database key. */
export function decodeMutable(databaseKey: Buffer, encoded: Buffer): MutableEntry {
  return {
    key: databaseKey.toString('utf8', keyPrefix.length) as MutableKey,
    valueJson: encoded.toString('utf8', offsets.valueJson),
    version: Number(encoded.readBigUInt64BE(offsets.version)),
    updatedAtMs: encoded.readDoubleBE(offsets.updatedAt),
  };
}
