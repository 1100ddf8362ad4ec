import { type CommandContext } from '../../command-context.js';
import { withClient } from '../../with-client.js';
import { channelAddress } from './channel-address.js';
import { authorization, otherNodes, toDo } from './channel-lines.js';

/** Flags of the command; the original's names for a relay go on to count. */
export interface JoinChannelFlags {
  readonly relay?: boolean;
  readonly messageProxy?: boolean;
  readonly dataProxy?: boolean;
  readonly public?: boolean;
}

/** Joins a channel and tells how this node stands to it. */
export async function joinChannelCommand(addressText: string, flags: JoinChannelFlags, context: CommandContext): Promise<void> {
  const address = channelAddress(addressText);
  const relay = [flags.relay, flags.messageProxy, flags.dataProxy].includes(true);
  await withClient(context, async (client) => {
    const channel = await client.channels.join(address, { relay, public: flags.public, signal: context.signal });
    const count = otherNodes(channel);
    const text = `joined ${channel.label}: ${authorization(channel)}, ${String(count)} other ${count === 1 ? 'node' : 'nodes'}`;
    await context.output.result(channel, [text, ...toDo(channel)].join('\n'));
  });
}
