import { type NodeId } from '../core/node-id.js';

/** How people are told of a node. */
export function peerName({ nodeId, label }: { readonly nodeId: NodeId; readonly label: string }): string {
  const shortId = `${nodeId.slice(0, 8)}…`;
  return label === '' ? shortId : `${label} (${shortId})`;
}

const maxNamed = 5;

/** The first few of many, joined for a message. */
export function firstFew(items: readonly string[], separator: string): string {
  const named = items.slice(0, maxNamed).join(separator);
  return items.length > maxNamed ? `${named} and ${String(items.length - maxNamed)} more` : named;
}
