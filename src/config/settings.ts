import { type Setting, type SettingReader } from './setting.js';

const clients: readonly SettingReader[] = ['command line', 'TypeScript client', 'Python client'];

/** Every setting there is. The flags of `start-daemon`, the readers in this folder and docs/settings.md come from this table. */
export const settings = {
  apiHost: {
    variables: ['KACHERY_P2P_API_HOST'],
    flag: '--host <host>',
    defaultText: '`localhost`',
    readers: ['daemon', ...clients],
    description: 'Address that the daemon listens on, and that clients connect to.',
  },
  apiPort: {
    variables: ['KACHERY_P2P_API_PORT'],
    flag: '--port <port>',
    defaultText: '`20421`',
    readers: ['daemon', ...clients],
    description: 'Port that the daemon listens on, and that clients connect to. The daemon takes any free port if it is 0.',
  },
  storageDir: {
    variables: ['KACHERY_STORAGE_DIR'],
    flag: '--storage-dir <path>',
    defaultText: '`~/kachery-storage` for the daemon; clients ask the daemon',
    readers: ['daemon', ...clients],
    description:
      "Directory of the stored files. Clients need it only where they see the daemon's directory under another path; a directory of another node is refused.",
  },
  configDir: {
    variables: ['KACHERY_P2P_CONFIG_DIR'],
    flag: '--config-dir <path>',
    defaultText: '`~/.kachery-p2p`',
    readers: ['daemon', ...clients],
    description: "Directory of the node's key, the owner token, `daemon.json` and `daemon.log`. Only its owner can read it.",
  },
  label: {
    variables: ['KACHERY_P2P_LABEL'],
    flag: '--label <text>',
    defaultText: "the machine's name",
    readers: ['daemon'],
    description: 'Name of the node, for people; at most 100 characters.',
  },
  logLevel: {
    variables: ['KACHERY_P2P_LOG_LEVEL'],
    flag: '--log-level <level>',
    defaultText: '`info`',
    readers: ['daemon'],
    description: 'Least important events that are logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.',
  },
  authGroup: {
    variables: [],
    flag: '--auth-group <group>',
    defaultText: "the daemon's own group",
    readers: ['daemon'],
    description: 'Group of this machine whose members may use the daemon: the group of the file `client-auth` in the storage directory.',
  },
  insecureBind: {
    variables: [],
    flag: '--insecure-bind',
    defaultText: 'off',
    readers: ['daemon'],
    description: 'Lets `--host` be an address that other machines can reach, although tokens and files then cross the network unencrypted.',
  },
  peerHost: {
    variables: ['KACHERY_P2P_PEER_HOST'],
    flag: '--peer-host <host>',
    defaultText: 'all addresses of the machine',
    readers: ['daemon'],
    description: 'Address that the daemon listens on for other nodes once it has joined a channel; `none` not to listen: it can still connect to others.',
  },
  peerPort: {
    variables: ['KACHERY_P2P_PEER_PORT'],
    flag: '--peer-port <port>',
    defaultText: '`20422`, or any free one if that is in use',
    readers: ['daemon'],
    description: 'TCP port that the daemon listens on for other nodes; any free one if it is 0.',
  },
  peerAddress: {
    variables: ['KACHERY_P2P_PEER_ADDRESS'],
    flag: '--peer-address <addresses>',
    defaultText: "the machine's own addresses",
    readers: ['daemon'],
    description: 'Where other nodes reach this one, as `host:port`, several with commas, if that is not an address of the machine, as behind a forwarded port.',
  },
  peers: {
    variables: ['KACHERY_P2P_PEERS'],
    flag: '--peer <addresses>',
    defaultText: 'none',
    readers: ['daemon'],
    description: 'Nodes to connect to, as `host:port`, several with commas, beside those that are found through channels.',
  },
  lanDiscovery: {
    variables: ['KACHERY_P2P_LAN_DISCOVERY'],
    flag: '--lan-discovery <on|off>',
    defaultText: '`on`',
    readers: ['daemon'],
    description:
      'Whether the daemon tells the local network (multicast DNS) that there is a daemon at its address and port, and connects to others that do. Nothing is told where it listens on loopback only, or has joined no channel.',
  },
  dhtBootstrap: {
    variables: ['KACHERY_P2P_DHT_BOOTSTRAP'],
    flag: '--dht-bootstrap <addresses>',
    defaultText: '`none`',
    readers: ['daemon'],
    description:
      'Where the daemon enters a distributed hash table (over UDP) in which members of a channel find each other and connect through NATs: `host:port`, several with commas; `public` for that of hyperdht; `none` for none.',
  },
  dhtPort: {
    variables: ['KACHERY_P2P_DHT_PORT'],
    flag: '--dht-port <port>',
    defaultText: '`49737`',
    readers: ['daemon'],
    description:
      'UDP port for the distributed hash table; if it is in use, one of the four after it, and if they are, too, any free one. `0` is the same as `49737`.',
  },
  dhtServe: {
    variables: ['KACHERY_P2P_DHT_SERVE'],
    flag: '--dht-serve <address>',
    defaultText: 'none',
    readers: ['daemon'],
    description:
      'Makes the daemon an entrance to a distributed hash table of your own: the `IPv4 address:UDP port` under which all others reach it. The three ports behind that one are used, too.',
  },
  uploadLimit: {
    variables: ['KACHERY_P2P_UPLOAD_LIMIT'],
    flag: '--upload-limit <megabytes>',
    defaultText: 'none',
    readers: ['daemon'],
    description: 'Megabytes (of 1,000,000 bytes) a second that the daemon sends to other nodes at most, all together.',
  },
  downloadLimit: {
    variables: ['KACHERY_P2P_DOWNLOAD_LIMIT'],
    flag: '--download-limit <megabytes>',
    defaultText: 'none',
    readers: ['daemon'],
    description: 'Megabytes (of 1,000,000 bytes) a second that the daemon fetches from other nodes at most, all together.',
  },
  relayLimit: {
    variables: ['KACHERY_P2P_RELAY_LIMIT'],
    flag: '--relay-limit <megabytes>',
    defaultText: '`10`',
    readers: ['daemon'],
    description: 'Megabytes a second that the daemon passes on at most between nodes that cannot reach each other, where it is a relay of their channel.',
  },
  httpsProxy: {
    variables: ['HTTPS_PROXY', 'https_proxy'],
    defaultText: 'that of `HTTP_PROXY`',
    readers: ['daemon'],
    description: 'Proxy through which the daemon reads channels at `https:` addresses, as `http://host:port`, or `socks5://host:port`.',
  },
  httpProxy: {
    variables: ['HTTP_PROXY', 'http_proxy'],
    defaultText: 'none',
    readers: ['daemon'],
    description: 'The same for `http:` addresses.',
  },
  noProxy: {
    variables: ['NO_PROXY', 'no_proxy'],
    defaultText: 'none',
    readers: ['daemon'],
    description: 'Hosts and domains, with commas between them, that are reached without a proxy; `*` for all.',
  },
  offlineStorageDir: {
    variables: ['KACHERY_P2P_OFFLINE_STORAGE_DIR', 'KACHERY_OFFLINE_STORAGE_DIR'],
    defaultText: 'none: online',
    readers: clients,
    description: 'Storage directory to work on without a daemon. If it is set, clients are offline: files only, no network.',
  },
  clientToken: {
    variables: ['KACHERY_P2P_CLIENT_TOKEN'],
    defaultText: 'read from `client-auth` in the storage directory',
    readers: clients,
    description: "Client token, for clients that cannot read the daemon's storage directory.",
  },
  tempDir: {
    variables: ['KACHERY_TEMP_DIR'],
    defaultText: '`XDG_CACHE_HOME`',
    readers: clients,
    description:
      'Directory whose folder `kachery-p2p` keeps files loaded from a daemon whose storage directory is not visible here. May be emptied at any time.',
  },
  cacheHome: {
    variables: ['XDG_CACHE_HOME'],
    defaultText: '`~/.cache`',
    readers: clients,
    description: 'The same where `KACHERY_TEMP_DIR` is not set. An absolute path, or it is ignored.',
  },
  progress: {
    variables: ['KACHERY_P2P_PROGRESS'],
    defaultText: '`1`',
    readers: ['command line', 'Python client'],
    description: '`0` turns progress bars off. They are shown on a terminal (in Python also in a notebook) only.',
  },
} as const satisfies Record<string, Setting>;
