import { quoted } from '../../core/content-id.js';
import { limits } from '../../core/limits.js';
import { type NodeId, parseNodeId } from '../../core/node-id.js';
import { type ChannelNode } from './channel-config.js';
import { offsetOf, type YamlField, type YamlNode, type YamlSource } from './yaml-source.js';

const names = ['nodeId', 'nodeLabel', 'isAdmin', 'isMessageProxy', 'isDataProxy', 'isPublic'] as const;
const whereItIs = 'The command "kachery-p2p node-info" tells it on that node\'s machine';

/** An entry of authorizedNodes. Fails with `channel-invalid`. */
export function parseChannelNode(source: YamlSource, item: YamlNode): ChannelNode {
  const fields = source.fields(item, 'an entry of authorizedNodes', names);
  const flag = (name: (typeof names)[number]): boolean => parseFlag(source, fields[name], name);
  const [isMessageProxy, isDataProxy] = [flag('isMessageProxy'), flag('isDataProxy')];
  return {
    nodeId: parseId(source, item, fields.nodeId),
    label: parseLabel(source, fields.nodeLabel),
    isAdmin: flag('isAdmin'),
    isRelay: isMessageProxy || isDataProxy,
    isPublic: flag('isPublic'),
  };
}

function parseId(source: YamlSource, item: YamlNode, field: YamlField | undefined): NodeId {
  const text = source.text(field, 'nodeId');
  if (text === undefined) throw source.invalid(`an entry of authorizedNodes has no nodeId. ${whereItIs}`, field?.offset ?? offsetOf(item));
  if (/^[0-9a-f]{64}$/.test(text)) return parseNodeId(text);
  throw source.invalid(`nodeId is ${quoted(text)}, which is not the id of a node: ${idProblem(text)}`, offsetOf(field?.value));
}

function idProblem(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return `its letters must be small. Write ${text.toLowerCase()}`;
  if (/^[0-9a-f]+$/i.test(text)) return `it has ${String(text.length)} digits in place of 64. ${whereItIs}`;
  return `64 digits 0-9 and a-f are needed. ${whereItIs}`;
}

function parseLabel(source: YamlSource, field: YamlField | undefined): string {
  const text = source.text(field, 'nodeLabel') ?? '';
  if (text.length <= limits.maxNodeLabelLength && !/\p{Cc}/u.test(text)) return text;
  const most = String(limits.maxNodeLabelLength);
  throw source.invalid(`nodeLabel is ${quoted(text)}: at most ${most} characters on one line are allowed`, offsetOf(field?.value));
}

function parseFlag(source: YamlSource, field: YamlField | undefined, name: string): boolean {
  const text = source.text(field, name) ?? 'false';
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  throw source.invalid(`${name} is ${quoted(text)}. Write true or false`, offsetOf(field?.value));
}
