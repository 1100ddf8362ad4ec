import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isReached, type Line, ratioOf } from './line.js';
import { type MachineFacts } from './machine-facts.js';
import { repositoryRoot } from './repository.js';

type KeptLine = Line & { readonly ratio?: number; readonly reached?: boolean; readonly measuredAt: string; readonly revision: string };

/** Results on one kind of file system. */
interface Results {
  readonly machine: MachineFacts;
  readonly lines: readonly KeptLine[];
}

/** Keeps lines in bench/results/<name>.json, in place of earlier ones of the same name; the others stay. Resolves with the file's path. */
export async function keepResults(name: string, machine: MachineFacts, lines: readonly Line[], measuredAt: Date): Promise<string> {
  const path = join(repositoryRoot, 'bench/results', `${name}.json`);
  const earlier = await readResults(path);
  const now = lines.map((line) => ({ ...rounded(line), ...verdict(line), measuredAt: measuredAt.toISOString(), revision: machine.revision }));
  const replaced = new Map([...(earlier?.lines ?? []), ...now].map((line) => [line.name, line]));
  await mkdir(join(repositoryRoot, 'bench/results'), { recursive: true });
  await writeFile(path, `${JSON.stringify({ machine, lines: [...replaced.values()] } satisfies Results, undefined, 2)}\n`);
  return path;
}

async function readResults(path: string): Promise<Results | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Results;
  } catch {
    return undefined;
  }
}

function verdict(line: Line): { ratio?: number; reached?: boolean } {
  const [ratio, reached] = [ratioOf(line), isReached(line)];
  return { ...(ratio !== undefined && { ratio: significant(ratio) }), ...(reached !== undefined && { reached }) };
}

function rounded(line: Line): Line {
  return JSON.parse(JSON.stringify(line), (_, value: unknown) => (typeof value === 'number' ? significant(value) : value)) as Line;
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}
