/** What the errors of OpenSSL and of the system mean for somebody who dialed a node, by code or by OpenSSL's reason. */
const problems: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there does not speak TLS, so it is no kachery-p2p node',
  ERR_SSL_HTTP_REQUEST: 'what answers there speaks plain HTTP, so it is no kachery-p2p node',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'it wants another protocol than that of kachery-p2p nodes',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'what answers there is no kachery-p2p node, or one of a version that does not fit',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it does not speak TLS 1.3, so it is no kachery-p2p node',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'what answers there does not speak TLS 1.3, so it is no kachery-p2p node',
  ECONNRESET: 'it hung up in the middle of the handshake: it takes no more connections now, or is no kachery-p2p node',
  ERR_STREAM_PREMATURE_CLOSE: 'it hung up in the middle of the handshake',
};

/** Why a handshake failed, in words that follow a colon. An error without a code is one of ours, and says so in its message. */
export function handshakeProblem(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return error instanceof Error ? error.message : String(error);
  const reason = 'reason' in error ? String(error.reason) : String(error.code);
  return problems[String(error.code)] ?? `the handshake of TLS failed (${reason})`;
}
