import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const withinMs = 20_000;

/** Of the system only: packages of npm may have programs of the same name, and come first where npm runs the tests. */
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** Runs a program of the system and resolves with what it printed. Fails with what it complained of. */
export async function systemCommand(program: string, words: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...words], { timeout: withinMs, env })).stdout;
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    throw new Error(`${program} ${words.join(' ')}: ${stderr.trim() || String(error)}`, { cause: error });
  }
}
