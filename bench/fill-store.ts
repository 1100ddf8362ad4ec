import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Fills a storage directory with `count` tiny files straight in its layout, as a store has them after years of use. Resolves with the URIs of up to
 * `sampleCount` of them, spread evenly.
 */
export function fillStore(storageDir: string, count: number, sampleCount: number): string[] {
  const samples: string[] = [];
  const every = Math.max(1, Math.floor(count / sampleCount));
  for (let index = 0; index < count; index++) {
    const content = `content of file ${String(index)}\n`;
    const sha1 = createHash('sha1').update(content).digest('hex');
    const dir = join(storageDir, 'sha1', sha1.slice(0, 2), sha1.slice(2, 4), sha1.slice(4, 6));
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, sha1), content, { mode: 0o444 });
    if (index % every === 0 && samples.length < sampleCount) samples.push(`sha1://${sha1}`);
  }
  return samples;
}
