import { escapeControls } from './escape-controls.js';
import { oneLineJson } from './one-line-json.js';

const escapes = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|.)/g;
const readable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** A JSON text for people: on one line, letters and signs beyond ASCII as themselves, which the client libraries escape, and every digit of its numbers. */
export function readableJson(text: string): string {
  const line = escapeControls(oneLineJson(text));
  return line.includes(String.raw`\u`) ? line.replaceAll(escapes, unescaped) : line;
}

function unescaped(escape: string): string {
  if (!escape.startsWith(String.raw`\u`)) return escape;
  const units = escape.split(String.raw`\u`).slice(1);
  const character = String.fromCharCode(...units.map((unit) => parseInt(unit, 16)));
  return character > '\u009f' && readable.test(character) ? character : escape;
}
