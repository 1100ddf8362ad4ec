const textsAndNumbers = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** The numbers in a JSON text, as they are written. */
export function* jsonNumbers(text: string): Generator<string, void, undefined> {
  for (const [token] of text.matchAll(textsAndNumbers)) if (!token.startsWith('"')) yield token;
}
