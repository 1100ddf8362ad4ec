/** A JSON text, or the beginning of one, with everything beyond printable ASCII escaped as canonical JSON and `kp.store_json` escape it. */
export function escapeBeyondAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
