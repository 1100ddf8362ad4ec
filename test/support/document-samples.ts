import { readFileSync } from 'node:fs';

/** A fenced block of a Markdown document. */
export interface DocumentSample {
  /** The word behind the fence, such as `sh`; empty without one. */
  readonly language: string;
  /** What a comment `<!-- test: WORD -->` before the fence says. */
  readonly mark: string | undefined;
  readonly text: string;
  /** Number of the fence's line, counted from 1. */
  readonly line: number;
}

/** Gives the fenced blocks of a Markdown file, in order. */
export function readDocumentSamples(path: string): DocumentSample[] {
  const document = readFileSync(path, 'utf8');
  const fences = /^(?:<!-- test: (?<mark>\w+) -->\n\n?)?```(?<language>\w*)\n(?<text>.*?)^```$/gms;
  return [...document.matchAll(fences)].map((match) => {
    const { mark, language = '', text = '' } = match.groups ?? {};
    const line = document.slice(0, match.index + match[0].indexOf('```')).split('\n').length;
    return { language, mark, text, line };
  });
}
