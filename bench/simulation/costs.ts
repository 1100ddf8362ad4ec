/**
 * What is counted in the simulation: a request and an answer are a message each. Bytes are what two real nodes sent each other on loopback through a forwarder
 * that counted, handshakes of TLS and frames of HTTP/2 included, headers of packets not.
 */
export const costs = {
  /** Messages of a connection that is made, both directions: greetings with their answers, at both ends. */
  connectMessages: 4,
  /** Bytes of its handshakes and greetings, both ways: 4,750. */
  connectBytes: 4_800,
  /** A try that fails; on paper. */
  failedMessages: 1,
  failedBytes: 200,
  /** A request and its answer without what is in them. */
  callMessages: 2,
  callBytes: 210,
  /** A record key in a request; a node id in an answer, and a member with two addresses. */
  keyBytes: 18,
  nodeIdBytes: 66,
  memberBytes: 110,
  /** A greeting again and its answer, 344 bytes, which each end of a connection sends every minute. */
  pulseBytes: 690,
} as const;
