/** What a daemon tells its local network of itself, and nothing else: that it is there, and on which port. Where it is, the packet's source says. */
export interface LanAnnouncement {
  /** A name by chance, another one at each start; it ties the announcement to the goodbye. */
  readonly instance: string;
  /** TCP port where it takes connections of other nodes. */
  readonly port: number;
  /** How long that holds, in seconds; 0 if it has ended. */
  readonly ttlSeconds: number;
}
