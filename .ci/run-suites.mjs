// Runs every suite (TypeScript, Python, interop), all of them even if one fails, and ends with one line of totals over all. Needs a build.
// Exits with 1 if a suite failed or ran nothing. A line with `SKIPPED: why` that a test prints is told again at the end.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';

process.chdir(join(import.meta.dirname, '..'));

const testFiles = readdirSync('dist/test', { recursive: true })
  .filter((path) => path.endsWith('.test.js'))
  .map((path) => join('dist/test', path))
  .sort();
const isInterop = (path) => path.startsWith('dist/test/interop/');

/** Beside each other; the suites of one lane one after the other, since each of them uses one processor at most times. */
const lanes = [
  [{ name: 'typescript', command: ['node_modules/.bin/ava', ...testFiles.filter((path) => !isInterop(path))], count: countAva }],
  [
    { name: 'python', command: ['.ci/test-python'], count: countPytest },
    { name: 'interop', command: ['.ci/test-interop', ...testFiles.filter(isInterop)], count: countAva },
  ],
];

/** Where there is room, the files of tests are kept in memory: thousands of syncs to a slow disk take longer than all else. */
const memoryDisk = '/dev/shm';
const roomBytes = 4e9;
const temporaryDir = openMemoryFolder();
process.once('exit', removeMemoryFolder);

/** Environment of the tests: the machine's, without the settings of a daemon that somebody uses. */
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KACHERY_'))),
  ...(temporaryDir !== undefined && { TMPDIR: temporaryDir }),
};

/** A folder for temporary files, which every user may write to; undefined where there is too little memory, or TMPDIR says where they belong. */
function openMemoryFolder() {
  if (process.env.TMPDIR || freemem() < 2 * roomBytes) return undefined;
  try {
    const { bavail, bsize } = statfsSync(memoryDisk);
    if (bavail * bsize < roomBytes) return undefined;
    const folder = mkdtempSync(join(memoryDisk, 'kachery-p2p-tests-'));
    chmodSync(folder, 0o1777);
    return folder;
  } catch {
    return undefined;
  }
}

function removeMemoryFolder() {
  if (temporaryDir !== undefined) rmSync(temporaryDir, { recursive: true, force: true });
}

/** A suite that prints nothing for so long hangs. */
const silenceLimitMs = 15 * 60 * 1000;

/** Process groups of the suites that run. */
const groups = new Set();

/** Ends what is left of a process group; tells whether anything was. */
function endGroup(group, signal = 'SIGKILL') {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const group of groups) endGroup(group, signal);
    removeMemoryFolder();
    process.kill(process.pid, signal);
  });
}

/**
 * Runs a command in a process group of its own and resolves with what it printed and its exit code when nothing of it runs any more. What it prints is passed
 * on, at once if it is live, and otherwise by whoever called.
 */
function run([program, ...programArguments], isLive) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    groups.add(child.pid);
    const silence = setTimeout(() => {
      console.error(`The suite printed nothing for ${String(silenceLimitMs / 60_000)} minutes and was ended`);
      endGroup(child.pid);
    }, silenceLimitMs);
    let output = '';
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding('utf8').on('data', (text) => {
        silence.refresh();
        output += text;
        if (isLive) to.write(text);
      });
    }
    child.on('error', reject);
    // Not on close: a process that was left behind would keep the pipes open.
    child.on('exit', (code) => {
      clearTimeout(silence);
      if (endGroup(child.pid)) console.error('Processes that the suite left behind were ended');
      groups.delete(child.pid);
      child.on('close', () => resolve({ code, output, lines: stripVTControlCharacters(output).split('\n') }));
    });
  });
}

/** Sums the numbers of all matches of `pattern`'s first group. */
function sum(text, pattern) {
  return [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
}

function countAva(lines) {
  // The closing lines tell what passed only if nothing failed.
  const closing = lines.filter((line) => /^\s*\d+ \D/.test(line)).join('\n');
  return {
    passed: sum(closing, /(\d+) tests? passed/g) || lines.filter((line) => /^\s*[✔√] /.test(line)).length,
    failed: sum(closing, /(\d+) (?:(?:tests?|hooks?) failed|unhandled rejections?|uncaught exceptions?|tests? remained pending)/g),
    skipped: sum(closing, /(\d+) tests? (?:skipped|todo)/g),
  };
}

function countPytest(lines) {
  const closing = lines.findLast((line) => /\d+ (passed|failed|skipped|errors?)\b.* in [\d.]+s/.test(line)) ?? '';
  return {
    passed: sum(closing, /(\d+) (?:passed|xfailed)/g),
    failed: sum(closing, /(\d+) (?:failed|errors?|xpassed)/g),
    skipped: sum(closing, /(\d+) skipped/g),
  };
}

/** Runs the suites of a lane. What the first lane prints is told at once, and that of the others when all have ended. */
async function runLane(suites, isLive) {
  const results = [];
  for (const { name, command, count } of suites) {
    if (isLive) console.log(`\n-- ${name}`);
    const { code, output, lines } = await run(command, isLive);
    const counts = count(lines);
    const ranNothing = counts.passed + counts.failed + counts.skipped === 0;
    if (counts.failed === 0 && (code !== 0 || ranNothing)) counts.failed = 1;
    const skips = lines.flatMap((line) => /SKIPPED: .*/.exec(line)?.[0] ?? []);
    results.push({ name, code, ...counts, skips, untold: isLive ? '' : `\n-- ${name}\n${output}` });
  }
  return results;
}

const results = (await Promise.all(lanes.map((suites, index) => runLane(suites, index === 0)))).flat();
for (const { untold } of results) process.stdout.write(untold);

console.log('');
for (const { skips } of results) for (const skip of new Set(skips)) console.log(skip);
for (const { name, code, passed, failed, skipped } of results) {
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (exit code ${code})`);
}
const total = (key) => results.reduce((sumSoFar, result) => sumSoFar + result[key], 0);
console.log(`${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exitCode = total('failed') === 0 ? 0 : 1;
