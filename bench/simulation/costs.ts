/** What is counted in the simulation: a request and an answer are a message each. Bytes are those of real nodes on loopback, rounded up. */
export const costs = {
  /** Messages of a connection that is made, both directions: greetings with their answers, at both ends. */
  connectMessages: 4,
  /** Bytes of its handshakes and greetings, both ways. */
  connectBytes: 9_000,
  /** A try that fails. */
  failedMessages: 1,
  failedBytes: 200,
  /** A request and its answer without what is in them. */
  callMessages: 2,
  callBytes: 300,
  /** A record key, a node id, and a member with its addresses in a message. */
  keyBytes: 18,
  nodeIdBytes: 66,
  memberBytes: 110,
  /** A greeting again and its answer, which each end of a connection sends every minute. */
  pulseMessages: 2,
  pulseBytes: 700,
} as const;
