import { systemCommand } from './system-command.js';

/** How a place is connected with the network around it. */
export interface PlaceWiring {
  /** The network namespace. */
  readonly namespace: string;
  /** Its IPv4 address. */
  readonly address: string;
  /** Name of the device in it. */
  readonly device: string;
  /** The other end of the wire: a port of the switch that the place is connected with, in the namespace of the switch. */
  readonly port: { readonly namespace: string; readonly device: string };
}

/** A machine of a test's own network: a network namespace at the end of a wire. */
export class Place {
  constructor(private readonly wiring: PlaceWiring) {}

  /** Its IPv4 address. */
  get address(): string {
    return this.wiring.address;
  }

  /** The namespace of its network. */
  get namespace(): string {
    return this.wiring.namespace;
  }

  /** The end of its wire at the switch. */
  get port(): PlaceWiring['port'] {
    return this.wiring.port;
  }

  /** What has to be written before a command so that it runs here. */
  get launcher(): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace];
  }

  /** Runs a command here and resolves with what it printed. */
  run(words: readonly string[]): Promise<string> {
    const [program = '', ...rest] = [...this.launcher, ...words];
    return systemCommand(program, rest);
  }

  /** Sends everything that is not for the network around it to this address. */
  async routeBy(gateway: string): Promise<void> {
    await this.run(['ip', 'route', 'add', 'default', 'via', gateway]);
  }

  /** Pulls the plug at the switch, or puts it in again: neither side is told anything by the other. */
  async plug(state: 'in' | 'out'): Promise<void> {
    const { namespace, device } = this.port;
    await systemCommand('ip', ['-n', namespace, 'link', 'set', 'dev', device, state === 'in' ? 'up' : 'down']);
  }

  /** Lets so many bits a second pass in each direction of the wire. */
  async limitRate(megabits: number): Promise<void> {
    const shape = ['root', 'tbf', 'rate', `${String(megabits)}mbit`, 'burst', '32kb', 'latency', '100ms'];
    await this.run(['tc', 'qdisc', 'add', 'dev', this.wiring.device, ...shape]);
    await systemCommand('ip', ['netns', 'exec', this.port.namespace, 'tc', 'qdisc', 'add', 'dev', this.port.device, ...shape]);
  }
}
