import { type Mutable } from '../../../client/mutables.js';
import { oneLineJson } from '../../one-line-json.js';
import { readableJson } from '../../readable-json.js';

/** What is told of a mutable: its value, both with the key before, and all of it as JSON. */
export interface MutableLines {
  readonly value: string;
  readonly keyAndValue: string;
  readonly json: string;
}

/** The lines that tell of a mutable, with every digit of its value. */
export function mutableLines({ key, valueJson, version, updatedAt }: Mutable): MutableLines {
  const value = readableJson(valueJson);
  const keyJson = JSON.stringify(key);
  const json = `{"key":${keyJson},"value":${oneLineJson(valueJson)},"version":${String(version)},"updatedAt":"${updatedAt.toISOString()}"}`;
  return { value, keyAndValue: `${keyJson}\t${value}`, json };
}
