import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Gives the path of a program that is on the PATH or that `.ci/go-tools` installed; undefined if it is nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), resolve('.cache/go/bin')];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
