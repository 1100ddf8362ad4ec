import { type ErrorCode, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';

import { quoted } from '../../core/content-id.js';
import { type KacheryError } from '../../core/failure.js';
import { channelInvalid } from './channel-invalid.js';

/** A value in a YAML text; `undefined` stands for nothing. */
export type YamlNode = { readonly range?: readonly [number, number, number] | null | undefined } | null | undefined;

/** A field of a map: where its name stands, and its value. */
export interface YamlField {
  readonly offset: number;
  readonly value: YamlNode;
}

/** What is behind mistakes that YAML's own words do not explain to people who seldom write it. */
const explanations: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'there is a tab at the beginning of the line, and YAML takes spaces only. Replace each tab by two spaces',
  BAD_INDENT:
    'the line does not begin in the same column as its neighbours. Give all entries of a list the same number of spaces and a "- ", and all fields of an entry the same number of spaces',
  MULTIPLE_DOCS: 'a second document begins here. Remove the line "---" and what follows',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second colon in the line. Put the value into quotation marks, or the field on a line of its own',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing behind the name of a field',
  BAD_SCALAR_START: 'a value begins with a sign that means something else to YAML. Put the value into quotation marks',
};
/** The same for mistakes that have no code of their own. */
const explainedMessages: readonly (readonly [RegExp, string])[] = [
  [/^Sequence item without - indicator/, 'a list goes on here without "- " before its entry. Add it, or indent the line as the rest of its entry'],
  [/call stack/, 'values are nested too deeply'],
];

/**
 * The YAML text of a channel's file with its positions, so that messages can name the line. Every value is the text that stands there: digits become no number.
 * Anchors, aliases and tags are not followed. Everything here fails with `channel-invalid`.
 */
export class YamlSource {
  private readonly lines = new LineCounter();
  readonly root: YamlNode;

  constructor(
    private readonly address: string,
    text: string,
  ) {
    // Of the same field twice only those matter that are read; the check of the parser would compare each field with each other.
    const document = parseDocument(text, { lineCounter: this.lines, schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
    const [error] = document.errors;
    if (error) throw this.syntaxError(error);
    const tag = document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
    if (tag) throw this.invalid('there is a YAML tag (a word that begins with "!"), which channels cannot have. Remove it', tag.pos[0]);
    this.root = document.contents;
  }

  /** Whether nothing stands there but space and comments. */
  get isEmpty(): boolean {
    return isNothing(this.root);
  }

  /**
   * The fields of a map that have these names; others are left out, but one that is only spelled differently is a mistake. `place` names the map in messages.
   */
  fields<Name extends string>(node: YamlNode, place: string, names: readonly Name[]): Partial<Record<Name, YamlField>> {
    this.refuseAlias(node);
    if (!isMap(node))
      throw this.invalid(`${place} must be fields with their values, such as "${names[0] ?? ''}: …", but it is ${kindOf(node)}`, offsetOf(node));
    const fields: Partial<Record<Name, YamlField>> = {};
    const others: { readonly text: string; readonly offset: number }[] = [];
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const [text, offset] = [String(key.value), offsetOf(key) ?? 0];
      const name = names.find((known) => known === text);
      if (name === undefined) others.push({ text, offset });
      else if (fields[name]) throw this.invalid(`${place} has ${text} twice. If a new entry of a list begins here, put "- " before it`, offset);
      else fields[name] = { offset, value: value as YamlNode };
    }
    this.refuseMisspelled(others, names, fields);
    return fields;
  }

  /** The entries of a list; none if nothing stands there. */
  items(field: YamlField | undefined, name: string): readonly YamlNode[] {
    if (!field || isNothing(field.value)) return [];
    this.refuseAlias(field.value);
    if (isSeq(field.value)) return field.value.items as YamlNode[];
    throw this.invalid(`${name} must be a list, but it is ${kindOf(field.value)}. Begin each entry with "- "`, offsetOf(field.value) ?? field.offset);
  }

  /** The text of a value; undefined if nothing stands there. */
  text(field: YamlField | undefined, name: string): string | undefined {
    if (!field || isNothing(field.value)) return undefined;
    this.refuseAlias(field.value);
    if (isScalar(field.value)) return String(field.value.value);
    throw this.invalid(`${name} must be a single value, but it is ${kindOf(field.value)}`, offsetOf(field.value) ?? field.offset);
  }

  /** The failure that tells that `problem` is at `offset`, or of the whole. */
  invalid(problem: string, offset?: number): KacheryError {
    if (offset === undefined) return channelInvalid(this.address, `${problem}.`);
    const { line, col } = this.lines.linePos(offset);
    return channelInvalid(this.address, `line ${String(line)}, column ${String(col)}: ${problem}.`, { line: String(line) });
  }

  private syntaxError({ code, message, pos }: YAMLError): KacheryError {
    const explained = explanations[code] ?? explainedMessages.find(([pattern]) => pattern.test(message))?.[1];
    return this.invalid(explained ?? `this is not YAML (${message.replace(/\.$/, '')})`, pos[0]);
  }

  private refuseAlias(node: YamlNode): void {
    if (isAlias(node))
      throw this.invalid('there is an alias (a word that begins with "*"), which channels cannot have. Write the value itself', offsetOf(node));
  }

  private refuseMisspelled(
    others: readonly { readonly text: string; readonly offset: number }[],
    names: readonly string[],
    fields: Readonly<Record<string, unknown>>,
  ): void {
    for (const { text, offset } of others) {
      const meant = names.find((name) => plainSpelling(name) === plainSpelling(text));
      if (meant !== undefined && fields[meant] === undefined) throw this.invalid(`there is no field ${quoted(text)}. Write ${meant}`, offset);
    }
  }
}

/** Where a value begins. */
export function offsetOf(node: YamlNode): number | undefined {
  return node?.range?.[0];
}

function isNothing(node: YamlNode): boolean {
  if (node === null || node === undefined) return true;
  return isScalar(node) && node.type === 'PLAIN' && /^(|~|null|Null|NULL)$/.test(node.source ?? '');
}

function kindOf(node: YamlNode): string {
  if (isNothing(node)) return 'nothing';
  if (isMap(node)) return 'fields with values';
  return isSeq(node) ? 'a list' : 'a single value';
}

function plainSpelling(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '')
    .replace('authoris', 'authoriz');
}
