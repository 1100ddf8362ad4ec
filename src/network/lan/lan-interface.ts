/** A network that this machine is in, as far as discovery is concerned. */
export interface LanInterface {
  /** IPv4 address of this machine there. */
  readonly address: string;
  /** The network, as `192.168.1.0/24` or with any address of it in front of the slash. */
  readonly network: string;
  /** Port on which this node takes connections there; undefined if it takes none: then it listens for others and announces nothing. */
  readonly port: number | undefined;
}
