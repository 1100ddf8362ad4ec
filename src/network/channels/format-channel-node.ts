import { type NodeId } from '../../core/node-id.js';

/** What an entry of authorizedNodes says of a node. */
export interface ChannelEntry {
  readonly nodeId: NodeId;
  readonly label: string;
  readonly isRelay: boolean;
  readonly isPublic: boolean;
}

/** The lines that list a node under authorizedNodes in a channel's file. */
export function formatChannelNode({ nodeId, label, isRelay, isPublic }: ChannelEntry): string {
  return [
    `  - nodeId: "${nodeId}"`,
    `    nodeLabel: ${JSON.stringify(label)}`,
    ...(isRelay ? ['    isMessageProxy: true', '    isDataProxy: true'] : []),
    ...(isPublic ? ['    isPublic: true'] : []),
  ].join('\n');
}
