// Behind tsc: removes what was compiled from sources that are gone, bundles the package's commands, and makes them executable.
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Two folders below dist, as a room of src is: its files look for the package's other files from there. */
const programs = join(dist, 'programs/cli');
const compiled = readdirSync(dist, { recursive: true }).filter((path) => !path.startsWith('programs'));

for (const path of compiled) {
  const source = /^(.+?)(\.d\.ts|\.js|\.js\.map)$/.exec(path)?.[1];
  if (source !== undefined && !existsSync(join(root, `${source}.ts`))) {
    rmSync(join(dist, path), { force: true });
    console.error(`removed ${relative(root, join(dist, path))}: its source is gone`);
  }
}

// Node takes longer to find and open hundreds of small files than the commands take for their work. Packages stay what npm installs, and what only some
// commands need stays apart from what all of them do.
const isProgram = (path) => /^src\/(cli\/main|cli\/bin\/.*|.*-worker)\.js$/.test(path);
rmSync(programs, { recursive: true, force: true });
await build({
  entryPoints: compiled
    .filter(isProgram)
    .map((path) => join(dist, path))
    .filter(existsSync),
  outdir: programs,
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});

const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const command of new Set(Object.values(bin))) {
  if (existsSync(join(root, command))) chmodSync(join(root, command), 0o755);
}
