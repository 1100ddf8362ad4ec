const pattern = /^dht:([0-9a-f]{64})$/;

/** The address of whoever announces this public key in the DHT: `dht:` and 64 hexadecimal digits. It is not the key of a node. */
export function formatDhtAddress(publicKey: Buffer): string {
  return `dht:${publicKey.toString('hex')}`;
}

/** The public key of such an address; undefined for another text. */
export function parseDhtAddress(address: string): Buffer | undefined {
  const [, hex] = pattern.exec(address) ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}
