import { type AccessRule } from '../../../client/feeds.js';
import { type CommandContext } from '../../command-context.js';
import { selectSubfeed, type SubfeedFlags } from '../../subfeed-selection.js';
import { withClient } from '../../with-client.js';
import { loadSubfeed } from './load-subfeed.js';

/** Which nodes may submit from now on, and which may not any more. */
export interface RulesFlags extends SubfeedFlags {
  readonly grant?: readonly string[];
  readonly revoke?: readonly string[];
}

/** Lets nodes submit messages to a subfeed, or no longer, if flags say so, and tells the rules that are in force then. */
export async function feedRulesCommand(feed: string, flags: RulesFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { grant = [], revoke = [] } = flags;
  const selected = selectSubfeed(feed, flags);
  await withClient(context, async (client) => {
    const subfeed = await loadSubfeed(client, selected, signal);
    const before = await subfeed.getAccessRules({ signal });
    const rules = changedRules(before, grant, revoke);
    if (grant.length + revoke.length > 0) await subfeed.setAccessRules(rules, { signal });
    for (const { nodeId, mayWrite } of rules) await output.result({ nodeId, mayWrite }, `${nodeId} ${mayWrite ? 'may write' : 'may not write'}`);
  });
}

function changedRules(before: readonly AccessRule[], grant: readonly string[], revoke: readonly string[]): AccessRule[] {
  const rules = new Map(before.map(({ nodeId, mayWrite }) => [nodeId, mayWrite]));
  for (const nodeId of grant) rules.set(nodeId, true);
  for (const nodeId of revoke) rules.delete(nodeId);
  return [...rules].map(([nodeId, mayWrite]) => ({ nodeId, mayWrite }));
}
