import { type Mutable as MutableRecord } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { dateOf } from './date-of.js';
import { type Mutable } from './mutables.js';
import { required } from './required.js';

/** A mutable as the daemon tells of it. */
export function mutableOf(record: MutableRecord | undefined): Mutable {
  const { keyJson, valueJson, version, updatedAt } = required(record, 'mutable');
  return { key: JSON.parse(keyJson) as unknown, value: JSON.parse(valueJson) as unknown, valueJson, version, updatedAt: dateOf(updatedAt) };
}
