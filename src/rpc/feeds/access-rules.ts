import { type AccessRule as AccessRuleMessage } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { parseNodeId } from '../../core/node-id.js';
import { type AccessRule } from '../../feeds/feed-store.js';
import { checkBatch } from '../files/check-batch.js';

/** The rules that a client sends. Fails with `too-large`, and with `invalid-argument` for a node id that is malformed or named twice. */
export function parseAccessRules(messages: readonly AccessRuleMessage[]): AccessRule[] {
  checkBatch(messages.length, limits.maxAccessRules, 'rules');
  const rules = messages.map(({ nodeId, mayWrite }) => ({ nodeId: parseNodeId(nodeId), mayWrite }));
  if (new Set(rules.map(({ nodeId }) => nodeId)).size === rules.length) return rules;
  throw new KacheryError('invalid-argument', 'A node is named by two of the rules. Give one rule a node.', { field: 'rules' });
}
