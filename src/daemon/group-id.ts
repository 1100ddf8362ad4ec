import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';

const run = promisify(execFile);

/** Ways to ask for groups that are not in /etc/group: those of a directory service, on Linux and on macOS. */
const directoryQueries: readonly ((group: string) => readonly [string, readonly string[]])[] = [
  (group) => ['getent', ['group', '--', group]],
  (group) => ['dscl', ['.', '-read', `/Groups/${group}`, 'PrimaryGroupID']],
];

/** The number of a group of this machine, given by name or number. Fails with `invalid-argument` if there is no such group. */
export async function groupId(group: string): Promise<number> {
  if (/^\d{1,9}$/.test(group)) return Number(group);
  const id = /^[\w.@ -]+$/.test(group) ? ((await idInFile(group)) ?? (await idInDirectory(group))) : undefined;
  if (id !== undefined) return id;
  throw new KacheryError('invalid-argument', `There is no group ${quoted(group)} on this machine. Give the name or number of one with --auth-group.`, {
    field: 'auth-group',
  });
}

async function idInFile(group: string): Promise<number | undefined> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  return idInEntry(text.split('\n').find((line) => line.startsWith(`${group}:`)));
}

async function idInDirectory(group: string): Promise<number | undefined> {
  for (const query of directoryQueries) {
    const [program, programArguments] = query(group);
    const answer = await run(program, [...programArguments]).catch(() => undefined);
    const id = idInEntry(answer?.stdout);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** Of `name:password:number:members` or `PrimaryGroupID: number`. */
function idInEntry(entry: string | undefined): number | undefined {
  const id = entry === undefined ? undefined : (/^[^:]*:[^:]*:(\d+):/.exec(entry)?.[1] ?? /^PrimaryGroupID: (\d+)/.exec(entry)?.[1]);
  return id === undefined ? undefined : Number(id);
}
