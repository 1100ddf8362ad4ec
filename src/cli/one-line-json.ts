/** A JSON text on one line, with every digit of its numbers: line breaks can only be white space in it. */
export function oneLineJson(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
