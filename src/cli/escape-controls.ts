const controls = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]/gu;

/**
 * A text for people in which control characters, separators of lines and marks of the direction of writing are escaped as in JSON, so that nothing in it can
 * change a terminal or the order of what is read. Line feeds and tabs stay. A JSON text keeps its value.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
