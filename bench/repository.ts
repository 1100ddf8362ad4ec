import { fileURLToPath } from 'node:url';

/** Root directory of this repository, seen from the compiled program. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Path of a compiled program of the bench, given as it stands below bench/ without its ending. */
export function compiledProgram(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** Path of the compiled command kachery-p2p. */
export const compiledCommand = fileURLToPath(new URL('../programs/cli/main.js', import.meta.url));
