import { type Metadata } from '@grpc/grpc-js';
import { createHash, timingSafeEqual } from 'node:crypto';

import { KacheryError } from '../../core/failure.js';
import { type AdmissionCheck } from './admit-calls.js';
import { accessOf } from './method-access.js';

/** The secrets that callers prove themselves with, and where they are kept, for messages. */
export interface AccessTokens {
  readonly clientToken: string;
  readonly ownerToken: string;
  /** Path of the file that holds the client token. */
  readonly clientTokenPath: string;
}

const bearer = /^bearer +([^\s,]+)$/i;

/**
 * Checks that a call carries the token that its method needs. Fails with `token-missing`, `token-invalid` or `owner-only`. How long it takes tells nothing
 * about the tokens.
 */
export function checkToken({ clientToken, ownerToken, clientTokenPath }: AccessTokens): AdmissionCheck {
  const clientDigest = digest(clientToken);
  const ownerDigest = digest(ownerToken);
  const hint = `Send the content of ${clientTokenPath} as metadata "authorization: Bearer <token>".`;
  return (method, metadata) => {
    const access = accessOf(method);
    if (access === 'anyone') return;
    const sent = sentToken(metadata, hint);
    const isOwner = timingSafeEqual(sent, ownerDigest);
    const isClient = timingSafeEqual(sent, clientDigest);
    if (!isOwner && !isClient) throw new KacheryError('token-invalid', `The token is not one of this daemon's. ${hint}`);
    if (access === 'client' || isOwner) return;
    throw new KacheryError(
      'owner-only',
      `Only the owner of the daemon may call ${method.slice(1)}. Run this as the user who started the daemon: ` +
        'the token needed is in the file owner-token of its configuration directory (~/.kachery-p2p).',
    );
  };
}

function sentToken(metadata: Metadata, hint: string): Buffer {
  const values = metadata.get('authorization');
  if (values.length === 0) throw new KacheryError('token-missing', `This call needs a token. ${hint}`);
  const token = values.length === 1 ? bearer.exec(String(values[0]))?.[1] : undefined;
  if (token === undefined) throw new KacheryError('token-invalid', `The metadata "authorization" is not of the form "Bearer <token>". ${hint}`);
  return digest(token);
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
