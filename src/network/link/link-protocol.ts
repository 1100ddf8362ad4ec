/**
 * What a connection is for, as TLS agrees on it (ALPN). gRPC has a client and a server at the ends of a connection; a node that nobody can reach has to be
 * served and to serve all the same, so it dials one connection of each kind.
 */
export const linkProtocols = {
  /** Who dialed calls; who accepted serves. */
  call: 'kachery-p2p-call/1',
  /** Who dialed serves; who accepted calls. */
  serve: 'kachery-p2p-serve/1',
} as const;

/** One of {@link linkProtocols}. */
export type LinkProtocol = (typeof linkProtocols)[keyof typeof linkProtocols];

/** Tells whether TLS agreed on one of ours. */
export function isLinkProtocol(name: string | false | null): name is LinkProtocol {
  return name === linkProtocols.call || name === linkProtocols.serve;
}
