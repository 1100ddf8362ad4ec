import { createPublicKey, type KeyObject, sign } from 'node:crypto';

import { der, derTags } from './der.js';

const { boolean, integer, bitString, octetString, objectIdentifier, utf8String, utcTime, generalizedTime, sequence, set, context0, context3 } = derTags;

const ed25519 = der(sequence, der(objectIdentifier, Buffer.of(0x2b, 0x65, 0x70)));
const commonName = der(objectIdentifier, Buffer.of(0x55, 0x04, 0x03));
const basicConstraints = der(objectIdentifier, Buffer.of(0x55, 0x1d, 0x13));

/** The same for every node: what counts is the key. */
const name = der(sequence, der(set, der(sequence, commonName, der(utf8String, 'kachery-p2p node'))));

/** Clocks are off, and a node lives as long as its key: RFC 5280, 4.1.2.5, has this date for a certificate that never ends. */
const validity = der(sequence, der(utcTime, '000101000000Z'), der(generalizedTime, '99991231235959Z'));

/** The certificate of no authority (RFC 5280, 4.2.1.9); without an extension, some implementations refuse one of version 3. */
const extensions = der(context3, der(sequence, der(sequence, basicConstraints, der(boolean, Buffer.of(0xff)), der(octetString, der(sequence)))));

/**
 * The X.509 certificate, as PEM, that a node shows in the handshake of TLS: it holds its public key, signed by the key itself, and says nothing else. The same
 * key always gives the same certificate. Whoever gets it compares the key, nothing more: that the node has the private key is what TLS proves.
 */
export function makeNodeCertificate(privateKey: KeyObject): string {
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const version3 = der(context0, der(integer, Buffer.of(2)));
  const serialNumber = der(integer, Buffer.of(1));
  const content = der(sequence, version3, serialNumber, ed25519, name, validity, name, publicKey, extensions);
  const certificate = der(sequence, content, ed25519, der(bitString, Buffer.of(0), sign(null, content, privateKey)));
  return `-----BEGIN CERTIFICATE-----\n${linesOf(certificate.toString('base64'))}\n-----END CERTIFICATE-----\n`;
}

function linesOf(text: string): string {
  return text.replace(/.{64}(?!$)/g, '$&\n');
}
