import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';

import { answerShape } from '../support/answer-shape.js';
import { CommandLineUser } from '../support/command-line.js';
import { readDocumentSamples } from '../support/document-samples.js';
import { findProgram } from '../support/find-program.js';

const document = 'docs/grpcurl.md';
const samples = readDocumentSamples(document);
const searchPath = [resolve('node_modules/.bin'), resolve('.cache/go/bin'), process.env['PATH'] ?? ''].join(':');

/** The document's daemon belongs to this person, on this machine. */
const documentHome = '/home/ada';
const documentLabel = 'recording-rig';
const documentAddress = 'localhost:20421';

/** A command of the document and the answer that the document shows for it. */
interface Example {
  readonly command: string;
  readonly answer: string;
  readonly line: number;
}

/** The document's commands that use a program. */
function examplesOf(program: string): Example[] {
  return samples.flatMap(({ language, mark, text, line }, index) => {
    const answer = samples[index + 1];
    const isExample = language === 'sh' && mark === undefined && new RegExp(`(^|\\s)${program} `).test(text);
    return isExample && answer !== undefined ? [{ command: text, answer: answer.text, line }] : [];
  });
}

/** What the document has the user set before a command of `program`. */
function setupBefore(line: number, program: string): string {
  const others = ['grpcurl', 'buf'].filter((name) => name !== program);
  const setups = samples.filter((sample) => sample.mark === 'setup' && sample.line < line && !others.some((name) => sample.text.includes(`${name} `)));
  return setups.map(({ text }) => text).join('');
}

/** Runs every command of the document that uses `program`, in order, against a daemon as the document has it, and compares the answers. */
async function runExamples(t: ExecutionContext, program: string): Promise<void> {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon(['--storage-dir', join(user.dir, 'kachery-storage'), '--label', documentLabel]);
  for (const { command, answer, line } of examplesOf(program)) {
    const setup = setupBefore(line, program).replace(documentAddress, ready.address);
    t.true(setup.includes(ready.address), 'the document says where the address goes');
    const environment = { HOME: user.dir, PATH: searchPath };
    const { all } = await execa('bash', ['--norc', '-c', setup + command], { env: environment, extendEnv: false, stdin: 'ignore', all: true, reject: false });
    t.is(answerShape(all.replaceAll(user.dir, documentHome)), answerShape(answer), `${document}:${String(line)}: ${command}`);
  }
}

test('the document has examples of every kind', (t) => {
  const commands = examplesOf('grpcurl').map(({ command }) => command);
  for (const part of [
    ' list',
    ' describe ',
    '/GetNode',
    '/StoreFile',
    '/ReadFile',
    '/StatFile',
    '/CreateFeed',
    '/AppendMessages',
    '/ReadMessages',
    '/WatchMessages',
  ])
    t.true(
      commands.some((command) => command.includes(part)),
      part,
    );
  t.true(examplesOf('grpcurl').some(({ answer }) => answer.includes('google.rpc.ErrorInfo') && answer.includes('INVALID_URI')));
  t.true(examplesOf('buf').length >= 5);
});

test('buf curl gets the answers that the document shows', runExamples, 'buf');

if (findProgram('grpcurl') === undefined) {
  console.error('SKIPPED: grpcurl is neither on the PATH nor installed by .ci/go-tools, which needs Go: its commands in docs/grpcurl.md were not run');
  test.skip('grpcurl gets the answers that the document shows', runExamples, 'grpcurl');
} else {
  test('grpcurl gets the answers that the document shows', runExamples, 'grpcurl');
}
