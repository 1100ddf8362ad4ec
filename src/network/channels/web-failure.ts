import { STATUS_CODES } from 'node:http';

import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type WebProxies } from './web-proxies.js';

/** What an error below HTTP means to people, by its code. */
const problems: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of its host is not known (DNS). Check the spelling, and that this machine is connected',
  EAI_AGAIN: 'the name of its host cannot be looked up now (DNS). Check that this machine is connected',
  ECONNREFUSED: 'nothing answers there (the connection was refused)',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ENETUNREACH: "this machine's network does not lead there",
  EHOSTUNREACH: "this machine's network does not lead there",
  ETIMEDOUT: 'nothing answers there',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answers there',
  CERT_HAS_EXPIRED: "its server's certificate has expired. Check this machine's clock",
  CERT_NOT_YET_VALID: "its server's certificate is not valid yet. Check this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "its server's certificate is for another host. Check the address",
  EPROTO: 'its server does not speak TLS as it should. Check whether the address begins with https: or http:',
};
const untrusted =
  "its server's certificate is signed by nobody whom this machine trusts. Where an institution looks into encrypted traffic, start the daemon with " +
  "NODE_EXTRA_CA_CERTS=<file with the institution's certificate>";
const untrustedCodes = ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT'];

const answers: Readonly<Record<number, string>> = {
  401: 'a login is needed, and channels have to be readable without one',
  403: 'it may not be read without a login, and channels have to be readable without one',
  404: 'there is nothing there. Check the spelling; what is private looks so, too',
  407: 'the proxy wants a user name and a password. Write them into HTTPS_PROXY as http://name:password@host:port',
  410: 'it was removed',
  429: 'its server has had too many requests',
};

/** The failure that a channel cannot be had from the web. */
export function webFailure(address: string, problem: string, cause?: unknown): KacheryError {
  return new KacheryError('channel-unavailable', `The channel ${address} cannot be read: ${problem}.`, { channel: address }, { cause });
}

/** The same, for an answer with this status. */
export function answerFailure(address: string, statusCode: number): KacheryError {
  const status = [String(statusCode), STATUS_CODES[statusCode]].filter((part) => part !== undefined).join(' ');
  const problem = answers[statusCode] ?? (statusCode >= 500 ? 'its server has a problem' : 'its server does not give it');
  return webFailure(address, `${problem} (status ${status})`);
}

/** The same, for a redirection that is not followed. */
export function badRedirection(address: string, problem: string): KacheryError {
  return webFailure(address, `${problem}. Give the address of the file itself`);
}

/** What an error of a request means; a KacheryError stays as it is. */
export function requestFailure(address: string, error: unknown, proxies: WebProxies): unknown {
  if (isKacheryError(error)) return error;
  const problem = problemOf(error);
  const advice =
    proxies.http === undefined && proxies.https === undefined ? withoutProxy(error) : ` The daemon was told to use a proxy (HTTPS_PROXY, HTTP_PROXY)`;
  return webFailure(address, advice === '' ? problem : `${problem}.${advice}`, error);
}

function problemOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined && untrustedCodes.includes(code)) return untrusted;
  const message = error instanceof Error ? error.message : String(error);
  return problems[code ?? ''] ?? proxyProblem(message) ?? message.replace(/\.$/, '');
}

/** The HTTP library tells of the answers of proxies in words only. */
function proxyProblem(message: string): string | undefined {
  const statusCode = /^Proxy [^(]*\((\d{3})\)/.exec(message)?.[1];
  if (statusCode === undefined) return undefined;
  return answers[Number(statusCode)] ?? `the proxy does not lead there (status ${statusCode})`;
}

/** Of several tries, as with two addresses of a host, the first that tells something. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== undefined);
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string' && (code in problems || untrustedCodes.includes(code))) return code;
  return cause instanceof Error ? codeOf(cause) : undefined;
}

function withoutProxy(error: unknown): string {
  const code = codeOf(error);
  const isNoWay = code !== undefined && ['ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ENETUNREACH'].includes(code);
  return isNoWay ? ' If this machine reaches the web through a proxy, start the daemon with HTTPS_PROXY=http://<host>:<port>' : '';
}
