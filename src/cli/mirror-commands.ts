import { type Command } from 'commander';

import { type ContextOf } from './command-context.js';

/** Adds the commands that work with mirrors. */
export function addMirrorCommands(program: Command, contextOf: ContextOf): void {
  const mirror = program.command('mirror').description('Keep files and feeds of other nodes here, so that they can be had when those are away.');
  mirror
    .command('add')
    .description('Mirror files, directories and feeds: they are brought here, again and again if need be. What is mirrored already is tried again at once.')
    .argument('<uris...>', 'sha1:// for a file, sha1dir:// for all files of a directory, feed:// for a feed with all its subfeeds, or for one subfeed')
    .action(async (uris: string[], flags: object) => (await import('./commands/mirror/add.js')).mirrorAddCommand(uris, contextOf(flags)));
  mirror
    .command('ls')
    .description('Tell the mirrors: state, how much is here, the URI; below it what is wrong.')
    .action(async (flags: object) => (await import('./commands/mirror/ls.js')).mirrorLsCommand(contextOf(flags)));
  mirror
    .command('rm')
    .description('End mirrors. What is here stays.')
    .argument('<uris...>', 'as they were added')
    .action(async (uris: string[], flags: object) => (await import('./commands/mirror/rm.js')).mirrorRmCommand(uris, contextOf(flags)));
}
