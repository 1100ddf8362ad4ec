/** Bytes of file content in a message of FileService; 0 for messages without. */
export function contentBytes(message: unknown): number {
  if (!isRecord(message)) return 0;
  if (message['data'] instanceof Uint8Array) return message['data'].byteLength;
  const part = message['part'];
  if (isRecord(part)) return part['value'] instanceof Uint8Array ? part['value'].byteLength : 0;
  const items = message['files'] ?? message['results'];
  return Array.isArray(items) ? sumOf(items) : 0;
}

function sumOf(items: readonly unknown[]): number {
  let bytes = 0;
  for (const item of items) {
    if (!isRecord(item)) continue;
    const content = isRecord(item['outcome']) ? item['outcome']['value'] : item['content'];
    if (content instanceof Uint8Array) bytes += content.byteLength;
  }
  return bytes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
