/** The name under which DNS-based service discovery (RFC 6763) knows daemons of kachery-p2p. */
export const lanService = '_kachery-p2p._tcp.local';
