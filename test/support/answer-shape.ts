/**
 * What stays the same in a program's answer from run to run: hashes, times, numbers, paths and spaces give way to their kind. Two answers of one shape
 * differ only in such values.
 */
export function answerShape(answer: string): string {
  return answer
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'NODE')
    .replaceAll(/\b[0-9a-f]{40}\b/g, 'SHA1')
    .replaceAll(/"\/[^"]*"/g, '"PATH"')
    .replaceAll(/\d+/g, 'N')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/(?<=[:,]) /g, '')
    .trim();
}
