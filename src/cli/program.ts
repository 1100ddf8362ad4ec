import { Command } from 'commander';

import { packageVersion } from '../config/package-version.js';
import { type Setting } from '../config/setting.js';
import { settings } from '../config/settings.js';
import { addChannelCommands } from './channel-commands.js';
import { type ContextOf, type Surroundings } from './command-context.js';
import { addFeedCommands } from './feed-commands.js';
import { leafCommands } from './leaf-commands.js';
import { addMirrorCommands } from './mirror-commands.js';
import { addMutableCommands } from './mutable-commands.js';
import { Output } from './output.js';
import { addSourceOptions, type SourceFlags } from './source-flags.js';

const jsonFlag = '--json';
const jsonDescription = 'tell results as JSON, one value a line, and errors as JSON on standard error';

/** The tree of all commands. Each one's code is loaded when it is called, so that every one starts fast. */
export function buildProgram(surroundings: Surroundings): Command {
  const program = new Command('kachery-p2p');
  program
    .description('Stores files under permanent addresses made of their content, gets them back, and keeps append-only logs that can be followed live.')
    .version(packageVersion(), '-V, --version', 'tell the version')
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  const contextOf: ContextOf = (flags: { readonly json?: boolean }) => ({
    ...surroundings,
    output: new Output(surroundings.stdout, surroundings.stderr, surroundings.signal, flags.json ?? false),
  });
  addFileCommands(program, contextOf);
  addStoreKeepingCommands(program, contextOf);
  addFeedCommands(program, contextOf);
  addMutableCommands(program, contextOf);
  addChannelCommands(program, contextOf);
  addMirrorCommands(program, contextOf);
  addDaemonCommands(program, contextOf);
  addProgramCommands(program, contextOf);
  for (const { command } of leafCommands(program)) command.option(jsonFlag, jsonDescription);
  return program;
}

function addFileCommands(program: Command, contextOf: ContextOf): void {
  program
    .command('store')
    .alias('store-file')
    .description('Store files and tell their URIs.')
    .argument('<paths...>', 'files to store; - for standard input')
    .option('--label <name>', "name in the URI; the file's own if left out")
    .action(async (paths: string[], flags: { label?: string }) => (await import('./commands/store.js')).storeCommand(paths, flags, contextOf(flags)));
  addSourceOptions(program.command('load').option('--dest <path>', 'put a copy there; - for standard output'))
    .alias('load-file')
    .description('Bring a file to this machine and tell its path.')
    .argument('<uri>', 'address of the file')
    .action(async (uri: string, flags: { dest?: string } & SourceFlags) => (await import('./commands/load.js')).loadCommand(uri, flags, contextOf(flags)));
  addSourceOptions(program.command('cat'))
    .alias('cat-file')
    .description('Write a file, or some of its bytes, to standard output.')
    .argument('<uri>', 'address of the file')
    .option('--start <offset>', 'first byte, counted from 0')
    .option('--end <offset>', 'the byte behind the last one')
    .action(async (uri: string, flags: { start?: string; end?: string } & SourceFlags) =>
      (await import('./commands/cat.js')).catCommand(uri, flags, contextOf(flags)),
    );
  program
    .command('link')
    .alias('link-file')
    .description('Make files available where they are, without a copy, for as long as they do not change, and tell their URIs.')
    .argument('<paths...>', 'files to link')
    .option('--label <name>', "name in the URI; the file's own if left out")
    .action(async (paths: string[], flags: { label?: string }) => (await import('./commands/link.js')).linkCommand(paths, flags, contextOf(flags)));
  program
    .command('info')
    .description('Tell what is known of a file, and who has it.')
    .argument('<uri>', 'address of the file')
    .action(async (uri: string, flags: object) => (await import('./commands/info.js')).infoCommand(uri, contextOf(flags)));
  addSourceOptions(program.command('find'))
    .alias('find-file')
    .description('Tell the nodes that have a file.')
    .argument('<uri>', 'address of the file')
    .action(async (uri: string, flags: SourceFlags) => (await import('./commands/find.js')).findCommand(uri, flags, contextOf(flags)));
}

function addStoreKeepingCommands(program: Command, contextOf: ContextOf): void {
  program
    .command('ls')
    .description('Tell the files that the node has, ordered by hash.')
    .option('-l, --long', 'with size, place and path')
    .action(async (flags: { long?: boolean }) => (await import('./commands/ls.js')).lsCommand(flags, contextOf(flags)));
  program
    .command('rm')
    .description('Remove files from the node, or their links; linked files themselves stay.')
    .argument('<uris...>', 'addresses of the files')
    .action(async (uris: string[], flags: object) => (await import('./commands/rm.js')).rmCommand(uris, contextOf(flags)));
  program
    .command('verify')
    .description('Hash stored files again, tell the bad ones and move them out of the store.')
    .argument('[uris...]', 'addresses of the files; all if left out')
    .option('--quarantine', 'move bad files to the directory quarantine of the storage directory', true)
    .option('--no-quarantine', 'leave bad files where they are')
    .action(async (uris: string[], flags: { quarantine: boolean }) => (await import('./commands/verify.js')).verifyCommand(uris, flags, contextOf(flags)));
}

function addDaemonCommands(program: Command, contextOf: ContextOf): void {
  const startDaemon = program.command('start-daemon').description('Start the daemon of this machine and tell when it is ready.');
  for (const setting of Object.values<Setting>(settings)) if (setting.flag !== undefined) startDaemon.option(setting.flag, describe(setting));
  startDaemon
    .option(
      '--background',
      'go on without this terminal, with the log in daemon.log of the configuration directory, which a start begins anew if it has more than 16 MiB',
    )
    .action(async (flags: object) => (await import('./commands/start-daemon.js')).startDaemonCommand(flags, contextOf(flags)));
  program
    .command('stop-daemon')
    .description('Stop the daemon and wait until it is gone.')
    .action(async (flags: object) => (await import('./commands/stop-daemon.js')).stopDaemonCommand(contextOf(flags)));
  program
    .command('node-info')
    .description('Tell who the node of the daemon is and what it can do.')
    .action(async (flags: object) => (await import('./commands/node-info.js')).nodeInfoCommand(contextOf(flags)));
  program
    .command('watch')
    .description("Tell of the daemon's transfers as they go on, until interrupted.")
    .action(async (flags: object) => (await import('./commands/watch.js')).watchCommand(contextOf(flags)));
  program
    .command('doctor')
    .description('Check everything that kachery-p2p needs, and tell what to do where something is wrong.')
    .action(async (flags: object) => (await import('./commands/doctor.js')).doctorCommand(contextOf(flags)));
}

function describe({ description, variables, defaultText }: Setting): string {
  const otherwise = [...variables, defaultText.replaceAll('`', '')].join(', otherwise ');
  return `${description} If left out: ${otherwise}.`;
}

function addProgramCommands(program: Command, contextOf: ContextOf): void {
  program
    .command('version')
    .description('Tell the version.')
    .action(async (flags: object) => (await import('./commands/version.js')).versionCommand(contextOf(flags)));
  program
    .command('completion')
    .description('Tell the script that lets a shell complete commands and options.')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string, flags: object) => (await import('./commands/completion.js')).completionCommand(shell, program, contextOf(flags)));
}
