import { type Command } from 'commander';

import { type LoadOptions } from '../client/load-options.js';

/** Which nodes may be asked, as typed. */
export interface SourceFlags {
  readonly fromNode?: string;
  readonly fromChannel?: string;
  readonly localOnly?: boolean;
}

/** Gives a command the options that say which nodes may be asked. */
export function addSourceOptions(command: Command): Command {
  return command
    .option('--from-node <id>', 'ask only this node')
    .option('--from-channel <channel>', 'ask only nodes of this joined channel: its address or its label')
    .option('--local-only', 'ask no other node: only what the daemon has counts');
}

/** The options as the client takes them. */
export function sourceOptions({ fromNode, fromChannel, localOnly }: SourceFlags): LoadOptions {
  return { fromNode, fromChannel, localOnly };
}
