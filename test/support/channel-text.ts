import { type NodeId } from '../../src/core/node-id.js';

/** The id of a node that nobody has the key of. */
export function madeUpNodeId(number: number): NodeId {
  return number.toString(16).padStart(64, '0') as NodeId;
}

/** An entry of a channel's file. */
export interface ChannelTextNode {
  readonly nodeId: string;
  readonly label?: string;
  /** Names of the roles that it has. */
  readonly roles?: readonly string[];
}

/** The text of a channel's file. */
export function channelText(label: string, nodes: readonly ChannelTextNode[], bootstrapAddresses: readonly string[] = []): string {
  const bootstrapLines = bootstrapAddresses.map((address) => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
    return `  - hostName: "${host}"\n    port: ${port}\n`;
  });
  const nodeLines = nodes.map(({ nodeId, label: nodeLabel = '', roles = [] }) =>
    [`  - nodeId: ${nodeId}`, `    nodeLabel: "${nodeLabel}"`, ...roles.map((role) => `    ${role}: true`), ''].join('\n'),
  );
  return [`channelLabel: ${label}\n`, 'bootstrapAddresses:\n', ...bootstrapLines, 'authorizedNodes:\n', ...nodeLines].join('');
}
