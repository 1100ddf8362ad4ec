import { spawnSync } from 'node:child_process';

import type { ExecutionContext } from 'ava';

import { NatRouter, type NatKind } from './nat-router.js';
import { Place } from './place.js';
import { systemCommand } from './system-command.js';

/** What a test that is killed itself would leave behind. */
const open = new Set<string>();
process.on('exit', () => {
  for (const namespace of open) spawnSync('ip', ['netns', 'del', namespace]);
});

const namePrefix = 'kp-test-';
let count = 0;

/** For measurements of networks: nothing real has an address that begins so (RFC 2544). */
const publicNetwork = '198.18.0';

/**
 * Networks of a test's own, in namespaces of the system, with nothing that leads out of them: a switch with public addresses, machines at it, and routers with
 * private networks behind them. Everything is gone when the test ends.
 */
export class TestInternet {
  private readonly switchNamespace: string;
  private addresses = 1;
  private places = 0;
  private networks = 0;

  private constructor(
    private readonly t: ExecutionContext,
    private readonly prefix: string,
  ) {
    this.switchNamespace = `${prefix}-switch`;
  }

  /** Undefined, and a line that says so, where the test may not make networks, or something for it is missing. */
  static async open(t: ExecutionContext): Promise<TestInternet | undefined> {
    const internet = new TestInternet(t, `${namePrefix}${String(process.pid)}-${String(++count)}`);
    try {
      await removeAbandoned();
      await internet.makeSwitches();
      await internet.tryTools();
      return internet;
    } catch (error) {
      t.log(
        `SKIPPED: ${t.title}: it needs networks of its own, which only root on Linux with iproute2 and nftables may make (${String(error).replaceAll('\n', ' ')})`,
      );
      t.pass();
      return undefined;
    }
  }

  /** A machine with a public address. */
  async host(): Promise<Place> {
    return this.place(publicNetwork, ++this.addresses, this.switchNamespace);
  }

  /** A router with a public address, behind which machines have private ones. */
  async router(kind: NatKind): Promise<NatRouter> {
    const outside = await this.host();
    const network = `10.${String(++this.networks)}.0`;
    return NatRouter.make(outside, kind, {
      gateway: `${network}.1`,
      addHost: (number) => this.place(network, number, outside.namespace),
    });
  }

  /** Puts places at another switch, which nothing connects with the first: from then on they reach each other and nobody else. */
  async separate(places: readonly Place[]): Promise<void> {
    await this.connectAt('other', places);
  }

  /** Takes back what `separate` did. */
  async unite(places: readonly Place[]): Promise<void> {
    await this.connectAt('public', places);
  }

  private async connectAt(bridge: string, places: readonly Place[]): Promise<void> {
    for (const { port } of places) await systemCommand('ip', ['-n', port.namespace, 'link', 'set', 'dev', port.device, 'master', bridge]);
  }

  private async makeSwitches(): Promise<void> {
    await this.makeNamespace(this.switchNamespace);
    for (const bridge of ['public', 'other']) {
      await systemCommand('ip', ['-n', this.switchNamespace, 'link', 'add', 'name', bridge, 'type', 'bridge']);
      await systemCommand('ip', ['-n', this.switchNamespace, 'link', 'set', 'dev', bridge, 'up']);
    }
  }

  /** Not every kernel has what routers and slow lines are made of. */
  private async tryTools(): Promise<void> {
    const attempts = [
      ['nft', 'table ip attempt {\n chain attempt {\n type nat hook postrouting priority srcnat; masquerade fully-random;\n }\n}'],
      ['nft', 'delete table ip attempt'],
      ['tc', 'qdisc', 'add', 'dev', 'other', 'root', 'tbf', 'rate', '10mbit', 'burst', '32kb', 'latency', '100ms'],
      ['tc', 'qdisc', 'del', 'dev', 'other', 'root'],
    ];
    for (const words of attempts) await systemCommand('ip', ['netns', 'exec', this.switchNamespace, ...words]);
  }

  /** A machine at a switch or a router, whose private network begins as given. */
  private async place(network: string, number: number, at: string): Promise<Place> {
    const namespace = `${this.prefix}-${String(++this.places)}`;
    const address = `${network}.${String(number)}`;
    const [device, port] = ['wire', `port${String(this.places)}`];
    await this.makeNamespace(namespace);
    await systemCommand('ip', ['link', 'add', 'name', device, 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', at]);
    await systemCommand('ip', ['-n', namespace, 'address', 'add', `${address}/24`, 'dev', device]);
    await systemCommand('ip', ['-n', namespace, 'link', 'set', 'dev', device, 'up']);
    await systemCommand('ip', ['-n', at, 'link', 'set', 'dev', port, 'master', at === this.switchNamespace ? 'public' : 'inside']);
    await systemCommand('ip', ['-n', at, 'link', 'set', 'dev', port, 'up']);
    return new Place({ namespace, address, device, port: { namespace: at, device: port } });
  }

  private async makeNamespace(namespace: string): Promise<void> {
    await systemCommand('ip', ['netns', 'add', namespace]);
    open.add(namespace);
    this.t.teardown(async () => {
      await systemCommand('ip', ['netns', 'del', namespace]);
      open.delete(namespace);
    });
    await systemCommand('ip', ['-n', namespace, 'link', 'set', 'dev', 'lo', 'up']);
  }
}

/** Removes the namespaces of tests that were killed. */
async function removeAbandoned(): Promise<void> {
  const namespaces = (await systemCommand('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const namespace of namespaces) {
    const [, pid] = new RegExp(`^${namePrefix}(\\d+)-`).exec(namespace) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await systemCommand('ip', ['netns', 'del', namespace]).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
