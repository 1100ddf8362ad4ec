/**
 * What stays the same in a program's answer from run to run: node ids, times and versions give way to their kind, and spaces, which JSON printers set
 * differently, to none. A deadline is told by whichever end notices first, in its own words.
 */
export function answerShape(answer: string): string {
  return withoutLayout(answer)
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'NODE')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/"\d+\.\d+\.\d+"/g, 'VERSION')
    .replaceAll(/context deadline exceeded/gi, 'Deadline exceeded');
}

function withoutLayout(answer: string): string {
  try {
    return JSON.stringify(JSON.parse(answer), undefined, 1);
  } catch {
    // Not JSON, or JSON within other text.
    return answer
      .replaceAll(/[ \t]+/g, ' ')
      .replaceAll(/(?<=[:,]) /g, '')
      .trim();
  }
}
