/**
 * Loaded into a daemon by NODE_OPTIONS, in each of its threads. Once the file FAULT_ARMED exists, it notes each operation on the storage directory in
 * FAULT_LOG, and kills the process, as kill -9 does, at the one that FAULT_AT names: before it, or in the middle of a write. The program that it is loaded
 * into knows nothing of it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import { isMainThread } from 'node:worker_threads';

import { type KillMoment } from './kill-moment.js';

const { FAULT_STORAGE: storageDir = '', FAULT_ARMED: armedPath = '', FAULT_LOG: logPath = '', FAULT_AT: at = '' } = process.env;
const moment = at === '' ? undefined : (JSON.parse(at) as KillMoment);
const original = { ...fs };
const counts = new Map<string, number>();
let heldPath: string | undefined;

type Arguments = readonly unknown[];
type Operation = (...values: unknown[]) => unknown;

/** Does half of a write. */
type Half = (values: Arguments, path: string) => void;

/** What an operation is called in the log; undefined for what is not in the storage directory. Names of files, which vary, are left out. */
function placeOf(path: string): string | undefined {
  const inside = relative(storageDir, path);
  const [room = ''] = inside.split('/');
  if (inside.startsWith('..') || room === 'index') return undefined;
  return inside
    .replace(/[.-][0-9a-f]{16,}/, '.*')
    .replace(/^(uploads|journal)\/[\w-]+/, '$1/*')
    .replaceAll(/(?<=\/)[0-9a-f]{2}(?=\/|$)/g, '??')
    .replace(/[0-9a-f]{40}/, '*');
}

function pathOfDescriptor(descriptor: unknown): string {
  return original.readlinkSync(`/proc/self/fd/${String(descriptor)}`);
}

/** Counts an operation, and does not return from the one at which the process has to die. */
function reach(operation: string, path: string, values: Arguments, half?: Half): 'go on' | 'hold' {
  const place = placeOf(path);
  if (place === undefined || !original.existsSync(armedPath)) return 'go on';
  const name = `${isMainThread ? 'main' : 'worker'}: ${operation} ${place}`;
  const number = (counts.get(name) ?? 0) + 1;
  counts.set(name, number);
  original.appendFileSync(logPath, `${name}\n`);
  if (moment?.operation !== name || moment.number !== number) return 'go on';
  if (moment.how === 'out of order') {
    heldPath = path;
    return 'hold';
  }
  if (moment.how === 'half') half?.(values, path);
  die();
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function replace(target: object, name: string, wrap: (call: (self: unknown, values: Arguments) => unknown) => (self: unknown, values: Arguments) => unknown) {
  const operation = Reflect.get(target, name) as Operation;
  const wrapped = wrap((self, values) => Reflect.apply(operation, self, values));
  Reflect.set(target, name, function (this: unknown, ...values: unknown[]) {
    return wrapped(this, values);
  });
}

/** An operation on a path, its first argument. */
function onPath(target: object, name: string, label: string, half?: Half): void {
  replace(target, name, (call) => (self, values) => {
    reach(label, String(values[0]), values, half);
    return call(self, values);
  });
}

/** An operation on a descriptor, its first argument. */
function onDescriptor(name: string, label: string, half?: Half): void {
  replace(fs, name, (call) => (self, values) => {
    reach(label, pathOfDescriptor(values[0]), values, half);
    return call(self, values);
  });
}

/** A write with a callback, the only one that others may overtake: when it is held, the process dies once another write on the same file has ended. */
function onConcurrentWrite(): void {
  replace(fs, 'write', (call) => (self, values) => {
    const path = pathOfDescriptor(values[0]);
    if (reach('write beside others', path, values, halfOfWrite) === 'hold') {
      setTimeout(die, 500);
      return undefined;
    }
    if (heldPath !== path) return call(self, values);
    const callback = values.at(-1) as Operation;
    return call(self, [
      ...values.slice(0, -1),
      (...results: unknown[]) => {
        callback(...results);
        die();
      },
    ]);
  });
}

const halfOfWrite: Half = ([descriptor, bytes, offset, length, position]) => {
  original.writeSync(descriptor as number, bytes as Uint8Array, offset as number, (length as number) >> 1, position as number);
};

const halfOfWriteSync: Half = ([descriptor, bytes, offset]) => {
  const from = (offset as number | undefined) ?? 0;
  original.writeSync(descriptor as number, bytes as Uint8Array, from, ((bytes as Uint8Array).byteLength - from) >> 1);
};

const halfOfFile: Half = ([, content, options], path) => {
  const { flag = 'w', mode = 0o666 } = options as { flag?: string; mode?: number };
  const bytes = Buffer.from(content as string);
  original.writeSync(original.openSync(path, flag, mode), bytes, 0, bytes.byteLength >> 1);
};

async function patchHandles(): Promise<void> {
  const handle = await fs.promises.open(process.execPath, 'r');
  const prototype = Object.getPrototypeOf(handle) as object;
  await handle.close();
  for (const [name, label] of [
    ['sync', 'fsync'],
    ['chmod', 'chmod'],
    ['writeFile', 'write'],
  ] as const) {
    replace(prototype, name, (call) => (self, values) => {
      const { fd } = self as fs.promises.FileHandle;
      reach(label, pathOfDescriptor(fd), values, ([content]) => {
        const bytes = Buffer.from(content as string);
        original.writeSync(fd, bytes, 0, bytes.byteLength >> 1);
      });
      return call(self, values);
    });
  }
}

await patchHandles();
for (const name of ['rename', 'unlink', 'mkdir', 'link', 'chmod', 'copyFile']) onPath(fs.promises, name, name);
for (const name of ['renameSync', 'unlinkSync', 'mkdirSync']) onPath(fs, name, name.replace('Sync', ''));
onPath(fs.promises, 'writeFile', 'write', halfOfFile);
for (const target of [fs.promises, fs]) {
  const name = target === fs ? 'openSync' : 'open';
  replace(target, name, (call) => (self, values) => {
    const [path, flags = 'r'] = values;
    if (flags !== 'r') reach('open', String(path), values);
    return call(self, values);
  });
}
onDescriptor('fsync', 'fsync');
onDescriptor('fsyncSync', 'fsync');
onDescriptor('writeSync', 'write', halfOfWriteSync);
onConcurrentWrite();
syncBuiltinESMExports();
