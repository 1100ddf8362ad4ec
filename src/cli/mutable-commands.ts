import { type Command } from 'commander';

import { type ContextOf } from './command-context.js';
import { type ExpectationFlags } from './commands/mutable/expectation.js';
import { type MutableWatchFlags } from './commands/mutable/watch.js';
import { type KeyFlags } from './mutable-key.js';

const keyJsonFlag = ['--key-json', 'keys are typed as JSON, such as ["job",7], not as texts'] as const;
const prefixArgument = [
  '[prefix]',
  'with what keys begin, as text or, with --key-json, as canonical JSON, which has no white space; all keys if left out',
] as const;

/** Adds the commands that work with mutables. */
export function addMutableCommands(program: Command, contextOf: ContextOf): void {
  const mutable = program.command('mutable').description('Keep small JSON values under keys on this node.');
  mutable
    .command('get')
    .description('Tell the value of a key as JSON.')
    .argument('<key>', 'text, or JSON with --key-json')
    .option(...keyJsonFlag)
    .action(async (key: string, flags: KeyFlags) => (await import('./commands/mutable/get.js')).mutableGetCommand(key, flags, contextOf(flags)));
  withExpectation(mutable.command('set'))
    .description('Give a key a value.')
    .argument('<key>', 'text, or JSON with --key-json')
    .argument('<value>', 'JSON; - for standard input')
    .option('--if-absent', 'only if the key has no value')
    .option(...keyJsonFlag)
    .action(async (key: string, value: string, flags: KeyFlags & ExpectationFlags) =>
      (await import('./commands/mutable/set.js')).mutableSetCommand(key, value, flags, contextOf(flags)),
    );
  withExpectation(mutable.command('rm'))
    .description('Take the values of keys away.')
    .argument('<keys...>', 'texts, or JSON with --key-json')
    .option(...keyJsonFlag)
    .action(async (keys: string[], flags: KeyFlags & ExpectationFlags) =>
      (await import('./commands/mutable/rm.js')).mutableRmCommand(keys, flags, contextOf(flags)),
    );
  mutable
    .command('ls')
    .description('Tell keys and values as JSON, a tab between them, ordered by key.')
    .argument(...prefixArgument)
    .option(...keyJsonFlag)
    .action(async (prefix: string | undefined, flags: KeyFlags) =>
      (await import('./commands/mutable/ls.js')).mutableLsCommand(prefix, flags, contextOf(flags)),
    );
  mutable
    .command('watch')
    .description('Tell changes of values as they are made, until interrupted.')
    .argument(...prefixArgument)
    .option('--existing', 'begin with what is there already')
    .option(...keyJsonFlag)
    .action(async (prefix: string | undefined, flags: MutableWatchFlags) =>
      (await import('./commands/mutable/watch.js')).mutableWatchCommand(prefix, flags, contextOf(flags)),
    );
}

function withExpectation(command: Command): Command {
  return command
    .option('--expect-version <number>', 'only if the value has this version')
    .option('--expect-value <json>', 'only if the value is equal to this one');
}
