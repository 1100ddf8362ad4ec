import { Level } from 'level';
import { mkdir, rm } from 'node:fs/promises';

import { type KacheryError } from '../core/failure.js';
import { databaseFailure, levelCodeOf } from './database-failure.js';
import { databaseInUse } from './database-in-use.js';

/** A level database of strings. The operations reject with level's errors. */
export interface Database {
  /** The value of a key, or undefined. */
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
  /** Removes the keys from `gte` up to, but without, `lt`. */
  clear(range: { readonly gte: string; readonly lt: string }): Promise<void>;
  close(): Promise<void>;
}

const blockCacheBytes = 4 * 1024 * 1024;

/** What to do when a database cannot be opened as it is. */
export interface DatabaseTrouble {
  /** Who has it open, for a message, such as `the daemon with process id 12 on 127.0.0.1:20421`; undefined if that is not known. */
  readonly whoHasIt: () => Promise<string | undefined>;
  /** Hears that a damaged database was thrown away. */
  readonly onDamage: (error: unknown) => void;
}

/**
 * Opens, or makes, a database whose content may be lost: a damaged one is made anew. The database is locked for as long as it is open. Fails with
 * `already-running` if another process has it open, and with `storage-not-writable`.
 */
export async function openDatabase(dir: string, trouble: DatabaseTrouble): Promise<Database> {
  try {
    return await open(dir);
  } catch (error) {
    if (levelCodeOf(error) !== 'LEVEL_CORRUPTION') throw await failureOf(error, dir, trouble);
    trouble.onDamage(error);
  }
  try {
    await rm(dir, { recursive: true });
    return await open(dir);
  } catch (error) {
    throw await failureOf(error, dir, trouble);
  }
}

async function open(dir: string): Promise<Database> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const database = new Level(dir, { cacheSize: blockCacheBytes });
  await database.open();
  return database;
}

async function failureOf(error: unknown, dir: string, trouble: DatabaseTrouble): Promise<KacheryError> {
  return levelCodeOf(error) === 'LEVEL_LOCKED' ? databaseInUse(dir, await trouble.whoHasIt(), error) : databaseFailure(error, dir, 'be opened');
}
