import { type Command } from 'commander';

import { type ContextOf } from './command-context.js';
import { type JoinChannelFlags } from './commands/channel/join-channel.js';

const sameAsRelay = 'the same as --relay';

/** Adds the commands that work with channels and the other nodes of them. */
export function addChannelCommands(program: Command, contextOf: ContextOf): void {
  program
    .command('join-channel')
    .description('Join a channel, or change the roles that the node takes in one, and tell what is still to be done.')
    .argument('<address>', 'URL of the raw file, or its path')
    .option('--relay', 'pass connections on between members that cannot reach each other, if the channel grants it')
    .option('--message-proxy', sameAsRelay)
    .option('--data-proxy', sameAsRelay)
    .option('--public', 'serve nodes that the channel does not list, too, if the channel grants it')
    .action(async (address: string, flags: JoinChannelFlags) =>
      (await import('./commands/channel/join-channel.js')).joinChannelCommand(address, flags, contextOf(flags)),
    );
  program
    .command('leave-channel')
    .description('Leave a channel.')
    .argument('<channel>', 'its URL, path or label')
    .action(async (channel: string, flags: object) => (await import('./commands/channel/leave-channel.js')).leaveChannelCommand(channel, contextOf(flags)));
  program
    .command('get-channels')
    .description(
      'Tell the joined channels: label, whether this node is listed, how many nodes of it are connected, roles, address; below it what is to be done.',
    )
    .action(async (flags: object) => (await import('./commands/channel/get-channels.js')).getChannelsCommand(contextOf(flags)));
  program
    .command('peers')
    .description('Tell the other nodes of the joined channels: name, beginning of the id, kind of connection, round trip, bytes a second, what is wrong.')
    .action(async (flags: object) => (await import('./commands/channel/peers.js')).peersCommand(contextOf(flags)));
}
