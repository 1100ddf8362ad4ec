import test from 'ava';

import { type NetworkFlags, networkArguments, resolveNetworkConfig } from '../../../src/config/network-config.js';
import { isKacheryError } from '../../../src/core/failure.js';

test('without flags and environment the defaults hold', (t) => {
  t.deepEqual(resolveNetworkConfig({}, {}), {
    listenHost: '::',
    listenPort: 20422,
    listenPortIsDefault: true,
    announcedAddresses: [],
    staticPeers: [],
    lanDiscovery: true,
    uploadBytesPerSecond: undefined,
    downloadBytesPerSecond: undefined,
    relayBytesPerSecond: 10_000_000,
    dht: undefined,
    webProxies: { http: undefined, https: undefined, none: undefined },
  });
});

test('proxies come from the environment, in either spelling', (t) => {
  const environment = { HTTPS_PROXY: '', https_proxy: 'proxy.example:3128', HTTP_PROXY: 'http://a', http_proxy: 'http://b', no_proxy: '.local' };
  t.deepEqual(resolveNetworkConfig({}, environment).webProxies, { http: 'http://a', https: 'proxy.example:3128', none: '.local' });
});

test('the environment counts where there is no flag', (t) => {
  const environment = { KACHERY_P2P_PEER_HOST: 'none', KACHERY_P2P_PEERS: 'a.example:1, b.example:2', KACHERY_P2P_UPLOAD_LIMIT: '0.5' };
  const config = resolveNetworkConfig({ peerPort: '5' }, environment);
  t.like(config, { listenHost: undefined, listenPort: 5, staticPeers: ['a.example:1', 'b.example:2'], uploadBytesPerSecond: 500_000 });
});

test('the arguments of a daemon in the background give it the same configuration', (t) => {
  const given: NetworkFlags[] = [
    {},
    { peerHost: 'none', peerPort: '0' },
    { peerAddress: 'a.example:1,[::1]:2', peer: 'b.example:3', uploadLimit: '1.25', downloadLimit: '0.000001', relayLimit: '2.5' },
    { dhtBootstrap: 'public', dhtPort: '5' },
    { dhtBootstrap: 'a.example:1,b.example:2' },
    { dhtServe: '192.0.2.1:49737' },
    { lanDiscovery: 'off' },
  ];
  for (const flags of given) {
    const config = resolveNetworkConfig(flags, {});
    t.deepEqual(resolveNetworkConfig(flagsOf(networkArguments(config)), {}), config);
  }
});

test('what cannot be is refused with the name of the flag or the variable', (t) => {
  const wrong: [NetworkFlags, RegExp][] = [
    [{ peerHost: 'http://x' }, /--peer-host/],
    [{ peerPort: '65536' }, /--peer-port/],
    [{ peer: 'host' }, /--peer.*host:port/],
    [{ peer: 'a:1,,b:2' }, /--peer/],
    [{ peer: 'a:0' }, /--peer/],
    [{ peer: '::1:20422' }, /\[IPv6 address\]:port/],
    [{ peer: '[host]:1' }, /--peer/],
    [{ peerAddress: Array.from({ length: 101 }, () => 'a:1').join(',') }, /--peer-address.*at most 100/s],
    [{ uploadLimit: '0' }, /--upload-limit/],
    [{ downloadLimit: '10MB' }, /--download-limit/],
    [{ relayLimit: '-1' }, /--relay-limit/],
    [{ lanDiscovery: 'no' }, /--lan-discovery.*on and off/],
    [{ dhtBootstrap: 'host' }, /--dht-bootstrap/],
    [{ dhtBootstrap: 'a:1', dhtPort: 'x' }, /--dht-port/],
    [{ dhtServe: 'a.example:1' }, /--dht-serve.*IPv4/],
    [{ dhtServe: '192.0.2.1:65533' }, /--dht-serve.*behind this one/],
  ];
  for (const [flags, message] of wrong) {
    const error = t.throws(() => resolveNetworkConfig(flags, {}), undefined, JSON.stringify(flags));
    t.true(isKacheryError(error, 'invalid-argument'));
    t.regex(error.message, message);
  }
  t.throws(() => resolveNetworkConfig({}, { KACHERY_P2P_PEERS: 'x' }), { message: /^KACHERY_P2P_PEERS/ });
});

function flagsOf(words: readonly string[]): NetworkFlags {
  const flags: Record<string, string> = {};
  for (let index = 0; index < words.length; index += 2) {
    const name = (words[index] ?? '').slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    flags[name] = words[index + 1] ?? '';
  }
  return flags;
}
