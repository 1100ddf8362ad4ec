import { MutableServiceService as service } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { escapeBeyondAscii } from '../core/escape-beyond-ascii.js';
import { isKacheryError } from '../core/failure.js';
import { type CallOptions } from './call-options.js';
import { type Daemon } from './daemon.js';
import { encodeJson } from './encode-json.js';
import { listMutables } from './list-mutables.js';
import { mutableOf } from './mutable-of.js';
import { MutableWatch } from './mutable-watch.js';
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
    for await (const record of listMutables(this.daemon, escapeBeyondAscii(keyJsonPrefix), signal)) yield mutableOf(record);
  }

  watch({ keyJsonPrefix = '', ...options }: WatchMutablesOptions = {}): AsyncGenerator<MutableChange, void, undefined> {
    return new MutableWatch(this.daemon, { ...options, keyJsonPrefix: escapeBeyondAscii(keyJsonPrefix) }).changes();
  }
}

function expectationOf(expected: MutableExpectation | undefined) {
  if (expected === undefined) return undefined;
  if ('absent' in expected) return { expected: { $case: 'absent', value: expected.absent } } as const;
  if ('version' in expected) return { expected: { $case: 'version', value: expected.version } } as const;
  return { expected: { $case: 'valueJson', value: encodeJson(expected.value) } } as const;
}
