/** Tags of ASN.1 types in the distinguished encoding rules (ITU-T X.690). */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[0]` and `[3]`, constructed: the version and the extensions of a certificate. */
  context0: 0xa0,
  context3: 0xa3,
} as const;

/** A value of this tag in DER, whose content is `parts`, one behind the other; a text stands for its characters. Contents up to 65,535 bytes. */
export function der(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)));
  const { byteLength } = content;
  if (byteLength < 0x80) return Buffer.concat([Buffer.of(tag, byteLength), content]);
  if (byteLength < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, byteLength), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, byteLength >> 8, byteLength & 0xff), content]);
}
