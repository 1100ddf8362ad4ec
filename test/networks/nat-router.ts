import { type Place } from './place.js';
import { systemCommand } from './system-command.js';

/**
 * How a router translates addresses: `cone` keeps the port of a machine behind it, whomever that talks to; `symmetric` takes another one for each of those;
 * `without-udp` is a cone that lets no UDP pass. `none` passes everything on as it
 * is; `nothing` passes nothing on: a machine with a foot in either network.
 */
export type NatKind = 'cone' | 'symmetric' | 'without-udp' | 'none' | 'nothing';

/** What a router needs of the network that it is in. */
export interface NatRouterParts {
  /** Its own address in the private network. */
  readonly gateway: string;
  /** Connects another machine, the last number of whose address is given, with the switch that is called `inside` here. */
  readonly addHost: (number: number) => Promise<Place>;
}

/** A router behind which machines have private addresses. Nobody reaches them who was not talked to before. */
export class NatRouter {
  private hosts = 1;

  private constructor(
    /** The router as a machine of the public network. */
    readonly outside: Place,
    private readonly parts: NatRouterParts,
  ) {}

  /** Makes a router of a machine. */
  static async make(outside: Place, kind: NatKind, parts: NatRouterParts): Promise<NatRouter> {
    const inside = (...words: readonly string[]) => systemCommand('ip', ['-n', outside.namespace, ...words]);
    await inside('link', 'add', 'name', 'inside', 'type', 'bridge');
    await inside('address', 'add', `${parts.gateway}/24`, 'dev', 'inside');
    await inside('link', 'set', 'dev', 'inside', 'up');
    if (kind !== 'nothing') await outside.run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
    if (kind !== 'nothing' && kind !== 'none') await outside.run(['nft', rulesOf(kind)]);
    return new NatRouter(outside, parts);
  }

  /** Its address in the private network. */
  get gateway(): string {
    return this.parts.gateway;
  }

  /** Tells a machine of the public network the way to those behind it. */
  async showWayTo(place: Place): Promise<void> {
    await place.run(['ip', 'route', 'add', `${this.gateway}/24`.replace(/\d+\/24$/, '0/24'), 'via', this.outside.address]);
  }

  /** A machine behind it. */
  async host(): Promise<Place> {
    const place = await this.parts.addHost(++this.hosts);
    await place.routeBy(this.parts.gateway);
    return place;
  }
}

/** What comes in unasked is dropped before it is tracked: a connection that is tracked would take its port from the one that goes out a moment later. */
function rulesOf(kind: 'cone' | 'symmetric' | 'without-udp'): string {
  return `
table ip nat {
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wire" masquerade ${kind === 'symmetric' ? 'fully-random' : ''}
  }
}
table ip filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "inside" } accept
    ct state established,related accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${kind === 'without-udp' ? 'meta l4proto udp drop' : ''}
    iifname "inside" accept
    ct state established,related accept
  }
}
`;
}
