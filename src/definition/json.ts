import type { CatalogColumn } from './catalog.ts';
import { literal } from './sql.ts';

/** A piece of JSON text: known now, or SQL of type text that is never null. */
export type JsonPiece = { readonly text: string } | { readonly sql: string };

/**
 * A column's value as JSON text, as `to_json` writes it, from SQL that gives the value. Null gives null. The types whose
 * text needs no escaping are spared the call, which is a quarter of a document's cost.
 */
export function columnJson({ type }: CatalogColumn, sql: string): string {
  if (/^(smallint|integer|bigint|boolean)$/.test(type)) return `${sql}::text`;
  if (type === 'uuid') return `'"' || ${sql}::text || '"'`;
  return anyJson(sql);
}

export function anyJson(sql: string): string {
  return `to_json(${sql})::text`;
}

/** How many fields are joined in one go, so that wide objects neither nest too deep nor are copied too often. */
const FIELDS_AT_ONCE = 32;

/** An object as SQL that concatenates its text: twice as fast as json_build_object, and without its limit of 50. */
export function objectJson(fields: readonly { readonly name: string; readonly value: JsonPiece }[]): string {
  const parts: string[] = [];
  for (let start = 0; start < fields.length; start += FIELDS_AT_ONCE) {
    const pieces = fields.slice(start, start + FIELDS_AT_ONCE).flatMap(({ name, value }, position) => {
      const separator = start + position === 0 ? '{' : ',';
      return [{ text: `${separator}${JSON.stringify(name)}:` }, value];
    });
    if (start + FIELDS_AT_ONCE >= fields.length) pieces.push({ text: '}' });
    parts.push(concatenation(pieces));
  }
  return parts.length === 1 ? parts.join() : parts.map((part) => `(${part})`).join('\n|| ');
}

function concatenation(pieces: readonly JsonPiece[]): string {
  const terms: string[] = [];
  let text = '';
  for (const piece of pieces) {
    if ('text' in piece) {
      text += piece.text;
    } else {
      if (text) terms.push(literal(text));
      terms.push(piece.sql);
      text = '';
    }
  }
  if (text) terms.push(literal(text));
  return terms.join(' || ');
}

/**
 * A value as the type's output function writes it, and so as the replication stream carries it. A cast to text does the
 * same for most types; the others (boolean gives `true` for `t`, char(n) loses its padding) go through format().
 */
export function outputText(type: string, sql: string): string {
  return /^(smallint|integer|bigint|uuid|text|character varying|date)$/.test(type)
    ? `${sql}::text`
    : `format('%s', ${sql})`;
}
