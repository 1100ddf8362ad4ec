import { type Mutable as MutableRecord, MutableServiceService as service } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { isKacheryError } from '../core/failure.js';
import { type Daemon } from './daemon.js';
import { dateOf } from './date-of.js';
import { encodeJson } from './encode-json.js';
import { required } from './file-info.js';
import { type CallOptions } from './kachery-client.js';
import {
  type ChangeMutableOptions,
  type Mutable,
  type MutableChange,
  type MutableExpectation,
  type Mutables,
  type SelectMutablesOptions,
  type WatchMutablesOptions,
} from './mutables.js';

/** The mutables that the daemon has. */
export class OnlineMutables implements Mutables {
  constructor(private readonly daemon: Daemon) {}

  async get(key: unknown, { signal }: CallOptions = {}): Promise<Mutable | undefined> {
    try {
      return mutableOf((await this.daemon.unary(service.getMutable, { keyJson: encodeJson(key) }, { signal })).mutable);
    } catch (error) {
      if (isKacheryError(error, 'mutable-not-found')) return undefined;
      throw error;
    }
  }

  async set(key: unknown, value: unknown, { expected, signal }: ChangeMutableOptions = {}): Promise<Mutable> {
    const request = { keyJson: encodeJson(key), valueJson: encodeJson(value), expectation: expectationOf(expected) };
    return mutableOf((await this.daemon.unary(service.setMutable, request, { signal })).mutable);
  }

  async delete(key: unknown, { expected, signal }: ChangeMutableOptions = {}): Promise<boolean> {
    try {
      await this.daemon.unary(service.deleteMutable, { keyJson: encodeJson(key), expectation: expectationOf(expected) }, { signal });
      return true;
    } catch (error) {
      if (isKacheryError(error, 'mutable-not-found')) return false;
      throw error;
    }
  }

  async *list({ keyJsonPrefix = '', signal }: SelectMutablesOptions = {}): AsyncGenerator<Mutable, void, undefined> {
    let pageToken = '';
    do {
      const page = await this.daemon.unary(service.listMutables, { keyJsonPrefix, pageSize: 0, pageToken }, { signal });
      for (const mutable of page.mutables) yield mutableOf(mutable);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  async *watch({ keyJsonPrefix = '', withExisting = false, signal }: WatchMutablesOptions = {}): AsyncGenerator<MutableChange, void, undefined> {
    const changes = this.daemon.receive(service.watchMutables, { keyJsonPrefix, withExisting }, { signal, timeoutMs: Infinity });
    for await (const { change } of changes) {
      const { $case, value } = required(change, 'change');
      yield $case === 'set' ? { kind: 'set', mutable: mutableOf(value) } : { kind: 'deleted', key: JSON.parse(value) as unknown };
    }
  }
}

function mutableOf(record: MutableRecord | undefined): Mutable {
  const { keyJson, valueJson, version, updatedAt } = required(record, 'mutable');
  return { key: JSON.parse(keyJson) as unknown, value: JSON.parse(valueJson) as unknown, version, updatedAt: dateOf(updatedAt) };
}

function expectationOf(expected: MutableExpectation | undefined) {
  if (expected === undefined) return undefined;
  if ('absent' in expected) return { expected: { $case: 'absent', value: expected.absent } } as const;
  if ('version' in expected) return { expected: { $case: 'version', value: expected.version } } as const;
  return { expected: { $case: 'valueJson', value: encodeJson(expected.value) } } as const;
}
