import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';

import test from 'ava';

import { type DaemonFlags, resolveDaemonConfig } from '../../../src/config/daemon-config.js';
import { resolveNetworkConfig } from '../../../src/config/network-config.js';
import { isKacheryError } from '../../../src/core/failure.js';

test('without flags and environment the defaults hold', (t) => {
  t.deepEqual(resolveDaemonConfig({}, {}), {
    label: hostname().slice(0, 100),
    host: 'localhost',
    port: 20421,
    storageDir: join(homedir(), 'kachery-storage'),
    storageDirIsDefault: true,
    configDir: join(homedir(), '.kachery-p2p'),
    logLevel: 'info',
    insecureBind: false,
    network: resolveNetworkConfig({}, {}),
  });
});

test('the environment goes before the defaults, and flags before the environment', (t) => {
  const environment = {
    KACHERY_P2P_API_HOST: '127.0.0.2',
    KACHERY_P2P_API_PORT: '1000',
    KACHERY_STORAGE_DIR: '/environment/storage',
    KACHERY_P2P_CONFIG_DIR: '/environment/config',
    KACHERY_P2P_LABEL: 'environment',
    KACHERY_P2P_LOG_LEVEL: 'warn',
  };
  t.like(resolveDaemonConfig({}, environment), {
    host: '127.0.0.2',
    port: 1000,
    storageDir: '/environment/storage',
    storageDirIsDefault: false,
    configDir: '/environment/config',
    label: 'environment',
    logLevel: 'warn',
  });
  const flags: Required<DaemonFlags> = {
    host: '::1',
    port: '0',
    storageDir: 'flag/storage',
    configDir: 'flag/config',
    label: 'flag',
    logLevel: 'debug',
    authGroup: 'lab',
    insecureBind: true,
    peerHost: '127.0.0.3',
    peerPort: '0',
    peerAddress: 'lab.example.org:4000,[2001:db8::1]:4001',
    peer: '10.0.0.1:20422',
    lanDiscovery: 'off',
    uploadLimit: '12.5',
    relayLimit: '2.5',
    dhtBootstrap: 'lab.example.org:49737',
    dhtPort: '4001',
    dhtServe: '192.0.2.1:49737',
    downloadLimit: '100',
  };
  t.deepEqual(resolveDaemonConfig(flags, environment), {
    host: '::1',
    port: 0,
    storageDir: resolve('flag/storage'),
    storageDirIsDefault: false,
    configDir: resolve('flag/config'),
    label: 'flag',
    logLevel: 'debug',
    authGroup: 'lab',
    insecureBind: true,
    network: {
      listenHost: '127.0.0.3',
      listenPort: 0,
      listenPortIsDefault: false,
      announcedAddresses: ['lab.example.org:4000', '[2001:db8::1]:4001'],
      staticPeers: ['10.0.0.1:20422'],
      lanDiscovery: false,
      uploadBytesPerSecond: 12_500_000,
      downloadBytesPerSecond: 100_000_000,
      relayBytesPerSecond: 2_500_000,
      dht: { bootstrap: ['lab.example.org:49737'], port: 4001, bootstrapAddress: '192.0.2.1:49737' },
      webProxies: { http: undefined, https: undefined, none: undefined },
    },
  });
});

test('an empty variable counts as not set', (t) => {
  t.deepEqual(resolveDaemonConfig({}, { KACHERY_STORAGE_DIR: '', KACHERY_P2P_API_PORT: '', KACHERY_P2P_API_HOST: '' }), resolveDaemonConfig({}, {}));
});

test('the configuration cannot be changed', (t) => {
  t.true(Object.isFrozen(resolveDaemonConfig({}, {})));
});

test('a host beyond loopback needs --insecure-bind', (t) => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.0.0.1.example.org']) {
    const error = t.throws(() => resolveDaemonConfig({ host }, {}));
    t.true(isKacheryError(error, 'invalid-argument'), host);
    t.regex(error.message, /--insecure-bind/);
    t.is(resolveDaemonConfig({ host, insecureBind: true }, {}).host, host);
  }
  for (const host of ['127.0.0.1', '127.8.9.10', '::1']) t.is(resolveDaemonConfig({ host }, {}).host, host);
  t.is(resolveDaemonConfig({ host: 'localhost' }, {}).host, 'localhost');
  t.is(resolveDaemonConfig({ host: '[::1]' }, {}).host, '::1');
});

const impossible: readonly (readonly [keyof DaemonFlags, readonly string[]])[] = [
  ['port', ['', '-1', '65536', '1e3', '20421 ', 'x', '99999999999']],
  ['host', ['', 'http://localhost', 'localhost:20421', 'a b', '127.0.0.1/8']],
  ['label', ['', 'two\nlines', 'x'.repeat(101)]],
  ['logLevel', ['', 'loud', 'INFO']],
  ['storageDir', ['']],
  ['configDir', ['']],
];
for (const [name, values] of impossible) {
  test(`a ${name} that cannot be is refused, naming the flag`, (t) => {
    for (const value of values) {
      const error = t.throws(() => resolveDaemonConfig({ [name]: value }, {}), undefined, value);
      t.true(isKacheryError(error, 'invalid-argument'), value);
      t.regex(error.message, /^--[a-z-]+ is /);
    }
  });
}

test('a value that cannot be is refused with the name of its variable', (t) => {
  t.regex(t.throws(() => resolveDaemonConfig({}, { KACHERY_P2P_API_PORT: 'abc' })).message, /^KACHERY_P2P_API_PORT is "abc"/);
});
