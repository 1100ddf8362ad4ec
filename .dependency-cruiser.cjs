// Who may import what: the rooms of ARCHITECTURE.md. Imports go one way, cli -> daemon -> rpc -> {storage, kv} -> core.

/** A rule: files of `from` must not import `to`. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** Files of src/ in other rooms than these; a file in place of a room is named with its suffix. */
const outside = (...rooms) => ({ path: '^src/', pathNot: rooms.map((room) => `^src/${room}(/|[.]ts$)`) });

/** The npm packages that stay in one place, and that place. */
const keptPackages = {
  'level|classic-level|abstract-level': ['kv', 'feeds', 'mutables'],
  pino: ['daemon'],
  '@grpc/grpc-js': ['rpc', 'client', 'daemon', 'network'],
  'yaml|undici': ['network'],
  'hyperdht|multicast-dns': ['network'],
  commander: ['cli'],
  'cli-progress': ['cli'],
};

/** What each room may import of the others. The daemon composes all of them. */
const doors = {
  core: [],
  storage: ['core'],
  kv: ['core', 'storage/content-index'],
  feeds: ['core', 'kv'],
  mutables: ['core', 'kv'],
  network: ['core', 'storage', 'feeds', 'mutables', 'rpc/codec'],
  transfer: ['core', 'storage', 'feeds', 'network'],
  rpc: ['core', 'storage', 'feeds', 'mutables', 'network', 'transfer'],
  http: ['core', 'storage', 'feeds', 'transfer', 'network'],
  config: ['core'],
  client: ['core', 'rpc/codec', 'storage', 'config/client-settings'],
  daemon: ['core', 'storage', 'kv', 'feeds', 'mutables', 'network', 'transfer', 'rpc', 'http', 'config'],
  cli: ['core', 'client', 'config', 'daemon'],
};

module.exports = {
  forbidden: [
    forbid('no-cycles', 'Two files that need each other are one thing or three.', {}, { circular: true }),
    forbid('no-unresolved', 'What cannot be found cannot be run.', {}, { couldNotResolve: true }),
    forbid('no-undeclared', 'A package that is used is declared.', { path: '^src/' }, { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] }),
    forbid('core-is-pure', 'core has no I/O and needs no package.', { path: '^src/core/' }, { dependencyTypes: ['core', 'npm'], pathNot: '^(node:)?crypto$' }),
    forbid('gen-behind-rpc', 'Only rpc, client and network know protobuf.', { path: '^src/', pathNot: '^src/(rpc|client|network|daemon)/' }, { path: '^gen/' }),
    forbid('no-tests-in-src', 'The program does not know its tests.', { path: '^(src|gen)/' }, { path: '^(test|bench)/' }),
    forbid(
      'daemon-lazily',
      'A command that only talks to a daemon does not load one.',
      { path: '^src/cli/' },
      { path: '^src/daemon/', dynamic: false, dependencyTypesNot: ['type-only'] },
    ),
    ...Object.entries(keptPackages).map(([packages, rooms]) =>
      forbid(
        `kept-${packages.replace(/[^a-z]+/g, '-')}`,
        `Only ${rooms.join(', ')} may use it.`,
        { path: '^src/', pathNot: `^src/(${rooms.join('|')})/` },
        { path: `node_modules/(${packages})/` },
      ),
    ),
    ...Object.entries(doors).map(([room, allowed]) =>
      forbid(`doors-of-${room}`, `${room} may import ${allowed.join(', ') || 'nothing'}.`, { path: `^src/${room}/` }, outside(room, ...allowed)),
    ),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^gen/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
