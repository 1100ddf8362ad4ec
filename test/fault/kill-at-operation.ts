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
import { type NotedOperation } from './noted-operation.js';

const { FAULT_STORAGE: storageDir = '', FAULT_ARMED: armedPath = '', FAULT_LOG: logPath = '', FAULT_AT: at = '' } = process.env;
const moment = at === '' ? undefined : (JSON.parse(at) as KillMoment);
const original = { ...fs };
const counts = new Map<string, number>();
const twoPaths: readonly string[] = ['rename', 'link', 'copyFile'];
let heldPath: string | undefined;

type OperationKind = NotedOperation['operation'];
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

/** An operation that has begun. */
class Begun {
  /** It is not to be done now. */
  isHeld = false;

  private constructor(private readonly noted: Omit<NotedOperation, 'phase'> | undefined) {}

  /** Notes an operation, and does not return from the one at which the process has to die, unless that may be held until another one was done. */
  static begin(operation: OperationKind, path: string, values: Arguments, { half, mayHold = false }: { half?: Half; mayHold?: boolean } = {}): Begun {
    const place = placeOf(path);
    if (place === undefined || !original.existsSync(armedPath)) return new Begun(undefined);
    const name = `${isMainThread ? 'main' : 'worker'}: ${operation} ${place}`;
    const begun = new Begun({ operation, name, path, ...(twoPaths.includes(operation) && { to: String(values[1]) }) });
    begun.note('begun');
    const number = (counts.get(name) ?? 0) + 1;
    counts.set(name, number);
    if (moment?.operation !== name || moment.number !== number) return begun;
    if (moment.how === 'half') half?.(values, path);
    if (moment.how !== 'out of order' || !mayHold) die();
    begun.isHeld = true;
    return begun;
  }

  /** Notes that it has succeeded, now or when the promise is kept. */
  end(result: unknown): unknown {
    if (!(result instanceof Promise)) {
      this.note('done');
      return result;
    }
    return result.then((value: unknown) => this.end(value));
  }

  private note(phase: NotedOperation['phase']): void {
    if (this.noted) original.appendFileSync(logPath, `${JSON.stringify({ phase, ...this.noted })}\n`);
  }
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

type Wrapped = (call: (values: Arguments) => unknown, values: Arguments, self: unknown) => unknown;

function replace(target: object, name: string, wrapped: Wrapped): void {
  const operation = Reflect.get(target, name) as Operation;
  Reflect.set(target, name, function (this: unknown, ...values: unknown[]) {
    return wrapped((passed) => Reflect.apply(operation, this, passed), values, this);
  });
}

/** An operation on a path, its first argument. */
function onPath(target: object, name: string, operation: OperationKind, half?: Half): void {
  replace(target, name, (call, values) => Begun.begin(operation, String(values[0]), values, half && { half }).end(call(values)));
}

/** Opening a file to make it or to write to it. */
function onOpen(target: object, name: string): void {
  replace(target, name, (call, values) => {
    const [path, flags = 'r'] = values;
    return flags === 'r' ? call(values) : Begun.begin('open', String(path), values).end(call(values));
  });
}

/** An operation on a descriptor, its first argument. */
function onDescriptor(name: string, operation: OperationKind, half?: Half): void {
  replace(fs, name, (call, values) => Begun.begin(operation, pathOfDescriptor(values[0]), values, half && { half }).end(call(values)));
}

/** An operation on an open file that gives a promise. */
function onHandle(prototype: object, name: string, operation: OperationKind): void {
  const half =
    ({ fd }: fs.promises.FileHandle): Half =>
    ([content]) => {
      const bytes = Buffer.from(content as string);
      original.writeSync(fd, bytes, 0, bytes.byteLength >> 1);
    };
  replace(prototype, name, (call, values, self) => {
    const handle = self as fs.promises.FileHandle;
    return Begun.begin(operation, pathOfDescriptor(handle.fd), values, { half: half(handle) }).end(call(values));
  });
}

/** An operation on a descriptor, its first argument, that calls back, its last argument. A write that is held gives way to others on the same file. */
function onCallback(name: 'write' | 'fsync'): void {
  replace(fs, name, (call, values) => {
    const path = pathOfDescriptor(values[0]);
    const begun = Begun.begin(name, path, values, { half: halfOfWrite, mayHold: true });
    if (begun.isHeld) {
      heldPath = path;
      // Nobody need follow.
      setTimeout(die, 500);
      return undefined;
    }
    const callback = values.at(-1) as Operation;
    const noteAndCall = (...results: unknown[]): void => {
      if (!results[0]) begun.end(undefined);
      callback(...results);
      if (heldPath === path) die();
    };
    return call([...values.slice(0, -1), noteAndCall]);
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

async function handlePrototype(): Promise<object> {
  const handle = await fs.promises.open(process.execPath, 'r');
  await handle.close();
  return Object.getPrototypeOf(handle) as object;
}

const handles = await handlePrototype();
onHandle(handles, 'sync', 'fsync');
onHandle(handles, 'chmod', 'chmod');
onHandle(handles, 'writeFile', 'write');
onOpen(fs.promises, 'open');
onOpen(fs, 'openSync');
for (const name of ['rename', 'unlink', 'mkdir', 'link', 'chmod', 'copyFile'] as const) onPath(fs.promises, name, name);
for (const name of ['rename', 'unlink', 'mkdir'] as const) onPath(fs, `${name}Sync`, name);
onPath(fs.promises, 'writeFile', 'write', halfOfFile);
onDescriptor('writeSync', 'write', halfOfWriteSync);
onDescriptor('fsyncSync', 'fsync');
onCallback('write');
onCallback('fsync');
syncBuiltinESMExports();
