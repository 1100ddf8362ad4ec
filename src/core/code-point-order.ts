const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Orders texts by their code points, as Python does; JavaScript by itself orders them by UTF-16 units. For `sort`. */
export function compareByCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  let index = 0;
  while (index < shared && a.charCodeAt(index) === b.charCodeAt(index)) index++;
  if (index === shared) return a.length - b.length;
  if (index > 0 && isHighSurrogate(a.charCodeAt(index - 1))) index--;
  return (a.codePointAt(index) ?? 0) - (b.codePointAt(index) ?? 0);
}
