import { type CommandContext } from '../../command-context.js';
import { withClient } from '../../with-client.js';
import { channelAddress } from './channel-address.js';

/** Leaves a channel. What is no address or label of a joined one is taken for a path. */
export async function leaveChannelCommand(text: string, context: CommandContext): Promise<void> {
  await withClient(context, async (client) => {
    const { signal } = context;
    const channels = await client.channels.list({ signal });
    const isNamed = channels.some(({ address, label }) => address === text || label === text);
    const channel = isNamed ? text : channelAddress(text);
    await client.channels.leave(channel, { signal });
    await context.output.result({ channel }, `left ${channel}`);
  });
}
