import { isIPv6 } from 'node:net';

import { quoted } from '../../core/content-id.js';
import { isKacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type ChannelConfig, type ChannelNode } from './channel-config.js';
import { parseChannelNode } from './parse-channel-node.js';
import { rawFileHint } from './raw-file-hint.js';
import { channelInvalid } from './channel-invalid.js';
import { offsetOf, type YamlField, type YamlNode, YamlSource } from './yaml-source.js';

const labelPattern = /^[0-9a-zA-Z_.-]{4,160}$/;
const example = 'It begins with a line such as "channelLabel: my-channel"';
const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * What the text of a channel's file says; fields that are not known are ignored. It can take minutes for a text that is made to: see parseChannelApart. Fails
 * with `channel-invalid`, whose message names the line and what to write.
 */
export function parseChannel(address: string, text: string): ChannelConfig {
  if (text.trimStart().startsWith('<')) throw channelInvalid(address, `it is a web page, not a YAML file. ${rawFileHint(address)}.`);
  try {
    return configOf(new YamlSource(address, text));
  } catch (error) {
    if (isKacheryError(error)) throw error;
    throw channelInvalid(address, `it cannot be read (${error instanceof Error ? error.message : String(error)}). ${example}.`);
  }
}

function configOf(source: YamlSource): ChannelConfig {
  if (source.isEmpty) throw source.invalid(`the file is empty. ${example}`);
  const fields = source.fields(source.root, "a channel's file", ['channelLabel', 'bootstrapAddresses', 'authorizedNodes']);
  return {
    label: parseLabel(source, fields.channelLabel),
    bootstrapAddresses: parseBootstrapAddresses(source, fields.bootstrapAddresses),
    nodes: parseNodes(source, fields.authorizedNodes),
  };
}

function parseLabel(source: YamlSource, field: YamlField | undefined): string {
  const label = source.text(field, 'channelLabel');
  if (label === undefined) throw source.invalid(`channelLabel is missing. ${example}`, field?.offset);
  if (labelPattern.test(label)) return label;
  throw source.invalid(`channelLabel is ${quoted(label)}: 4 to 160 letters, digits, "_", "-" and "." are needed`, offsetOf(field?.value));
}

function parseBootstrapAddresses(source: YamlSource, field: YamlField | undefined): string[] {
  const items = source.items(field, 'bootstrapAddresses');
  checkCount(source, { field, count: items.length, most: limits.maxBootstrapAddresses, name: 'bootstrapAddresses' });
  return [...new Set(items.map((item) => parseBootstrapAddress(source, item)))];
}

function parseBootstrapAddress(source: YamlSource, item: YamlNode): string {
  const { hostName, port, url } = source.fields(item, 'an entry of bootstrapAddresses', ['hostName', 'port', 'url']);
  const urlText = source.text(url, 'url');
  if (urlText !== undefined && (hostName ?? port)) throw source.invalid('an entry has url, or hostName and port, but not both', url?.offset);
  if (urlText !== undefined) return addressOfUrl(source, urlText, url);
  const host = source.text(hostName, 'hostName');
  if (host === undefined) throw source.invalid('an entry of bootstrapAddresses needs hostName and port, or url', offsetOf(item));
  const checkedHost = checkHost(source, host, hostName);
  const portText = source.text(port, 'port');
  if (portText === undefined) throw source.invalid('the port is missing. Add a line such as "port: 20422" below hostName', hostName?.offset);
  if (/^\d{1,5}$/.test(portText) && Number(portText) >= 1 && Number(portText) <= 65_535) return `${checkedHost}:${String(Number(portText))}`;
  throw source.invalid(`port is ${quoted(portText)}: a number from 1 to 65535 is needed`, offsetOf(port?.value));
}

function checkHost(source: YamlSource, text: string, field: YamlField | undefined): string {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv6(bare)) return `[${bare}]`;
  if (/^[\w.-]{1,253}$/.test(text)) return text;
  const advice = /^[\w.-]+:\d+$/.test(text) ? 'Write the port on a line of its own, as "port: …"' : 'Give the name of a machine or an IP address';
  throw source.invalid(`hostName is ${quoted(text)}. ${advice}`, offsetOf(field?.value));
}

function addressOfUrl(source: YamlSource, text: string, field: YamlField | undefined): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const port = url && (url.port === '' ? defaultPorts[url.protocol] : url.port);
  if (url && url.hostname !== '' && port !== undefined) return `${url.hostname}:${port}`;
  throw source.invalid(`url is ${quoted(text)}: a URL with a host is needed, such as http://example.org:20422`, offsetOf(field?.value));
}

/** A node that is listed more than once has the roles of all its entries. */
function parseNodes(source: YamlSource, field: YamlField | undefined): ChannelNode[] {
  const items = source.items(field, 'authorizedNodes');
  checkCount(source, { field, count: items.length, most: limits.maxChannelNodes, name: 'authorizedNodes' });
  const nodes = new Map<string, ChannelNode>();
  for (const item of items) {
    const node = parseChannelNode(source, item);
    const before = nodes.get(node.nodeId);
    nodes.set(node.nodeId, before ? merged(before, node) : node);
  }
  return [...nodes.values()];
}

function merged(first: ChannelNode, second: ChannelNode): ChannelNode {
  return {
    nodeId: first.nodeId,
    label: first.label === '' ? second.label : first.label,
    isAdmin: first.isAdmin || second.isAdmin,
    isRelay: first.isRelay || second.isRelay,
    isPublic: first.isPublic || second.isPublic,
  };
}

interface CountedList {
  readonly field: YamlField | undefined;
  readonly name: string;
  readonly count: number;
  readonly most: number;
}

function checkCount(source: YamlSource, { field, name, count, most }: CountedList): void {
  if (count > most) throw source.invalid(`${name} has ${String(count)} entries; at most ${String(most)} are allowed`, field?.offset);
}
