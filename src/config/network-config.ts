import { isIPv6 } from 'node:net';

import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseHost, parsePort } from './api-address.js';
import { type Environment, givenValue, type GivenValue } from './read-environment.js';
import { settings } from './settings.js';

const defaultPeerPort = 20422;
const anyHost = '::';
const megabyte = 1_000_000;

/** How a daemon meets other nodes. */
export interface NetworkConfig {
  /** Address to listen on for other nodes; `::` for all of this machine's; undefined not to listen. */
  readonly listenHost: string | undefined;
  /** Port to listen on for other nodes; 0 for any free one. */
  readonly listenPort: number;
  /** True if nobody chose the port: then another free one does as well. */
  readonly listenPortIsDefault: boolean;
  /** `host:port` where others reach this node, if that is not an address of this machine. */
  readonly announcedAddresses: readonly string[];
  /** `host:port` of nodes that are always tried. */
  readonly staticPeers: readonly string[];
  /** Whether nodes are looked for on the local network, and this one lets itself be found there. */
  readonly lanDiscovery: boolean;
  /** Bytes a second to all other nodes together; undefined for no limit. */
  readonly uploadBytesPerSecond: number | undefined;
  /** Bytes a second from all other nodes together; undefined for no limit. */
  readonly downloadBytesPerSecond: number | undefined;
  /** Bytes a second that are passed on between other nodes, all together, where this node is a relay. */
  readonly relayBytesPerSecond: number;
  /** The distributed hash table that this node takes part in; undefined for none. */
  readonly dht: DhtSettings | undefined;
  /** Proxies that lead to the web, each as a URL or `host:port`. They come from the environment only, for they can hold a password. */
  readonly webProxies: WebProxies;
}

/** How a daemon takes part in a distributed hash table. */
export interface DhtSettings {
  /** `host:port` of nodes that are always there; `public` for those of the public one. */
  readonly bootstrap: readonly string[] | 'public';
  /** UDP port that is tried first, before the four after it and any free one; 0 for that of hyperdht, 49737. */
  readonly port: number;
  /** `host:port` where all others reach this node, which is an entrance then; undefined if it is none. */
  readonly bootstrapAddress: string | undefined;
}

/** The proxies for addresses that begin with `http:` and with `https:`, and the hosts that need none, as in NO_PROXY. */
export interface WebProxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly none: string | undefined;
}

/** Flags of `start-daemon` as they were typed. */
export interface NetworkFlags {
  readonly peerHost?: string;
  readonly peerPort?: string;
  readonly peerAddress?: string;
  readonly peer?: string;
  readonly lanDiscovery?: string;
  readonly uploadLimit?: string;
  readonly downloadLimit?: string;
  readonly relayLimit?: string;
  readonly dhtBootstrap?: string;
  readonly dhtPort?: string;
  readonly dhtServe?: string;
}

/** What flags and environment say, flags first; frozen. Fails with `invalid-argument` for a value that cannot be. */
export function resolveNetworkConfig(flags: NetworkFlags, environment: Environment): NetworkConfig {
  const port = givenValue(settings.peerPort, environment, flags.peerPort);
  return Object.freeze({
    listenHost: parseListenHost(givenValue(settings.peerHost, environment, flags.peerHost)),
    listenPort: port === undefined ? defaultPeerPort : parsePort(port, 0),
    listenPortIsDefault: port === undefined,
    announcedAddresses: parseAddresses(givenValue(settings.peerAddress, environment, flags.peerAddress)),
    staticPeers: parseAddresses(givenValue(settings.peers, environment, flags.peer)),
    lanDiscovery: parseSwitch(givenValue(settings.lanDiscovery, environment, flags.lanDiscovery)) ?? true,
    uploadBytesPerSecond: parseRate(givenValue(settings.uploadLimit, environment, flags.uploadLimit)),
    downloadBytesPerSecond: parseRate(givenValue(settings.downloadLimit, environment, flags.downloadLimit)),
    relayBytesPerSecond: parseRate(givenValue(settings.relayLimit, environment, flags.relayLimit)) ?? limits.relayBytesPerSecond,
    dht: resolveDht(flags, environment),
    webProxies: Object.freeze({
      http: givenValue(settings.httpProxy, environment)?.text,
      https: givenValue(settings.httpsProxy, environment)?.text,
      none: givenValue(settings.noProxy, environment)?.text,
    }),
  });
}

/** The flags that give a daemon this configuration. */
export function networkArguments(config: NetworkConfig): string[] {
  const {
    listenHost,
    listenPort,
    listenPortIsDefault,
    announcedAddresses,
    staticPeers,
    lanDiscovery,
    uploadBytesPerSecond,
    downloadBytesPerSecond,
    relayBytesPerSecond,
    dht,
  } = config;
  return [
    ...['--peer-host', listenHost ?? 'none'],
    ...(listenPortIsDefault ? [] : ['--peer-port', String(listenPort)]),
    ...(announcedAddresses.length === 0 ? [] : ['--peer-address', announcedAddresses.join(',')]),
    ...(staticPeers.length === 0 ? [] : ['--peer', staticPeers.join(',')]),
    ...(lanDiscovery ? [] : ['--lan-discovery', 'off']),
    ...(uploadBytesPerSecond === undefined ? [] : ['--upload-limit', String(uploadBytesPerSecond / megabyte)]),
    ...(downloadBytesPerSecond === undefined ? [] : ['--download-limit', String(downloadBytesPerSecond / megabyte)]),
    ...(relayBytesPerSecond === limits.relayBytesPerSecond ? [] : ['--relay-limit', String(relayBytesPerSecond / megabyte)]),
    ...(dht === undefined ? [] : dhtArguments(dht)),
  ];
}

function dhtArguments({ bootstrap, port, bootstrapAddress }: DhtSettings): string[] {
  const names = bootstrap === 'public' ? bootstrap : bootstrap.join(',');
  return [
    ...(names === '' ? [] : ['--dht-bootstrap', names]),
    ...(port === 0 ? [] : ['--dht-port', String(port)]),
    ...(bootstrapAddress === undefined ? [] : ['--dht-serve', bootstrapAddress]),
  ];
}

function resolveDht(flags: NetworkFlags, environment: Environment): DhtSettings | undefined {
  const bootstrap = givenValue(settings.dhtBootstrap, environment, flags.dhtBootstrap);
  const port = givenValue(settings.dhtPort, environment, flags.dhtPort);
  const serve = givenValue(settings.dhtServe, environment, flags.dhtServe);
  const [bootstrapAddress] = parseAddresses(serve);
  if (serve && !/^(\d{1,3}\.){3}\d{1,3}:\d+$/.test(serve.text)) throw malformed(serve, 'one IPv4 address and a port are needed, such as 192.0.2.1:49737');
  const lastPort = Number(bootstrapAddress?.split(':')[1] ?? 0) + limits.dhtEntrancePorts - 1;
  if (serve && lastPort > 65_535)
    throw malformed(serve, `the ${String(limits.dhtEntrancePorts - 1)} ports behind this one are needed, too, and there is none over 65535`);
  const isOff = bootstrap === undefined || bootstrap.text === 'none';
  if (isOff && bootstrapAddress === undefined) return undefined;
  const entrances = isOff ? [] : bootstrap.text === 'public' ? 'public' : parseAddresses(bootstrap);
  return Object.freeze({ bootstrap: entrances, port: port === undefined ? 0 : parsePort(port, 0), bootstrapAddress });
}

function parseListenHost(given: GivenValue | undefined): string | undefined {
  return given?.text === 'none' ? undefined : parseHost(given, anyHost);
}

function parseAddresses(given: GivenValue | undefined): readonly string[] {
  if (given === undefined) return [];
  const addresses = given.text.split(',').map((text) => text.trim());
  for (const address of addresses) if (!isAddress(address)) throw malformed(given, `${quoted(address)} is not of the form host:port or [IPv6 address]:port`);
  if (addresses.length > limits.maxBootstrapAddresses) throw malformed(given, `at most ${String(limits.maxBootstrapAddresses)} addresses are allowed`);
  return addresses;
}

function isAddress(text: string): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  return (plain !== undefined || isIPv6(bracketed ?? '')) && Number(port) >= 1 && Number(port) <= 65_535;
}

function parseSwitch(given: GivenValue | undefined): boolean | undefined {
  if (given === undefined) return undefined;
  if (given.text === 'on' || given.text === 'off') return given.text === 'on';
  throw malformed(given, 'only on and off are possible');
}

function parseRate(given: GivenValue | undefined): number | undefined {
  if (given === undefined) return undefined;
  const megabytes = /^\d{1,9}(\.\d{1,6})?$/.test(given.text) ? Number(given.text) : 0;
  if (megabytes > 0) return Math.round(megabytes * megabyte);
  throw malformed(given, 'a number of megabytes a second over 0 is needed, such as 12.5');
}

function malformed({ source, text }: GivenValue, problem: string): KacheryError {
  return new KacheryError('invalid-argument', `${source} is ${quoted(text)}: ${problem}.`, { field: source });
}
