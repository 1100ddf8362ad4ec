import { readFile } from 'node:fs/promises';

/** From dist/src/daemon to the root of the package. */
const packagePath = new URL('../../../package.json', import.meta.url);

/** The version of this package. */
export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(packagePath, 'utf8')) as { version: string };
  return version;
}
