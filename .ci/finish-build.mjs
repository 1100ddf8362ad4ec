// Behind tsc: makes the package's commands executable and removes what was compiled from sources that are gone.
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

for (const path of readdirSync(dist, { recursive: true })) {
  const source = /^(.+?)(\.d\.ts|\.js|\.js\.map)$/.exec(path)?.[1];
  if (source !== undefined && !existsSync(join(root, `${source}.ts`))) {
    rmSync(join(dist, path), { force: true });
    console.error(`removed ${relative(root, join(dist, path))}: its source is gone`);
  }
}

const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const command of new Set(Object.values(bin))) {
  if (existsSync(join(root, command))) chmodSync(join(root, command), 0o755);
}
