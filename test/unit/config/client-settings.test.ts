import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import test from 'ava';

import { resolveClientSettings } from '../../../src/config/client-settings.js';
import { isKacheryError } from '../../../src/core/failure.js';

test('without environment the defaults hold', (t) => {
  t.deepEqual(resolveClientSettings({}), {
    host: 'localhost',
    port: 20421,
    configDir: join(homedir(), '.kachery-p2p'),
    cacheDir: join(homedir(), '.cache', 'kachery-p2p'),
    progress: true,
  });
});

test('every variable is read', (t) => {
  const environment = {
    KACHERY_P2P_API_HOST: 'node.example.org',
    KACHERY_P2P_API_PORT: '1',
    KACHERY_P2P_OFFLINE_STORAGE_DIR: 'offline',
    KACHERY_OFFLINE_STORAGE_DIR: 'old-name',
    KACHERY_STORAGE_DIR: 'storage',
    KACHERY_P2P_CONFIG_DIR: 'config',
    KACHERY_P2P_CLIENT_TOKEN: 'token',
    KACHERY_P2P_PROGRESS: '0',
    XDG_CACHE_HOME: '/cache',
  };
  t.deepEqual(resolveClientSettings(environment), {
    host: 'node.example.org',
    port: 1,
    offlineStorageDir: resolve('offline'),
    storageDir: resolve('storage'),
    configDir: resolve('config'),
    clientToken: 'token',
    cacheDir: '/cache/kachery-p2p',
    progress: false,
  });
});

test("the original's name of the offline directory is read, behind the new one", (t) => {
  t.is(resolveClientSettings({ KACHERY_OFFLINE_STORAGE_DIR: '/old' }).offlineStorageDir, '/old');
  t.is(resolveClientSettings({ KACHERY_OFFLINE_STORAGE_DIR: '/old', KACHERY_P2P_OFFLINE_STORAGE_DIR: '' }).offlineStorageDir, '/old');
});

test('files of invisible daemons are kept in the directory for temporary files, if one is named', (t) => {
  t.is(resolveClientSettings({ KACHERY_TEMP_DIR: 'temporary', XDG_CACHE_HOME: '/cache' }).cacheDir, resolve('temporary/kachery-p2p'));
});

test('a cache home that is not absolute is ignored, as its specification says', (t) => {
  t.is(resolveClientSettings({ XDG_CACHE_HOME: 'relative' }).cacheDir, join(homedir(), '.cache', 'kachery-p2p'));
});

test('a client cannot ask for any free port', (t) => {
  for (const port of ['0', '65536', 'x']) {
    const error = t.throws(() => resolveClientSettings({ KACHERY_P2P_API_PORT: port }));
    t.true(isKacheryError(error, 'invalid-argument'));
    t.regex(error.message, /^KACHERY_P2P_API_PORT is .*from 1 to 65535/);
  }
});

test('the settings cannot be changed', (t) => {
  t.true(Object.isFrozen(resolveClientSettings({})));
});
