import { isDeepStrictEqual } from 'node:util';
import { flattenSettings, isLiveSetting } from './index-settings.ts';
import type { DefinitionSpec, FieldSpec, FieldsSpec } from './schema.ts';

/** What has become of a definition. */
export interface DefinitionChange {
  readonly kind:
    /** The same documents in the same index. */
    | 'none'
    /** Settings alone, which an open index takes. */
    | 'settings'
    /** There is more in each document, and all else is as it was: an open index takes it, and each document is read again. */
    | 'additions'
    /** It takes another index. */
    | 'incompatible';
  /** What differs, in words; of an incompatible change, what makes it so. */
  readonly what: readonly string[];
}

type Json = DefinitionSpec['mappings'][string];
type JsonObject = Readonly<Record<string, Json>>;

/**
 * Tells a change that an index can take while it serves from one that takes another index. Where a search could find two
 * kinds of documents beside each other while they are read again (a field that is gone, or made of something else), it
 * takes another; a field that is new is found in more and more of them.
 */
export function compareDefinitions(before: DefinitionSpec, after: DefinitionSpec): DefinitionChange {
  const found: Found = { settings: [], additions: [], incompatible: [] };
  if (before.root !== after.root) found.incompatible.push('the root is another table');
  if (before.where !== after.where) found.incompatible.push('`where` is another');
  compareFields(before.fields, after.fields, '', found);
  compareSettings(before.settings, after.settings, found);
  compareMappings(before.mappings, after.mappings, '', found);
  for (const kind of ['incompatible', 'additions', 'settings'] as const) {
    if (found[kind].length === 0) continue;
    const what = kind === 'additions' ? [...found.additions, ...found.settings] : found[kind];
    return { kind, what };
  }
  return { kind: 'none', what: [] };
}

type Found = Record<'settings' | 'additions' | 'incompatible', string[]>;

function compareFields(before: FieldsSpec, after: FieldsSpec, path: string, found: Found): void {
  for (const [name, field] of Object.entries(before)) {
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    if (now === undefined) found.incompatible.push(`the field ${path}${name} is gone`);
    else compareField(field, now, `${path}${name}`, found);
  }
  for (const name of Object.keys(after))
    if (!Object.hasOwn(before, name)) found.additions.push(`the field ${path}${name} is new`);
}

function compareField(before: FieldSpec, after: FieldSpec, path: string, found: Found): void {
  if (isDeepStrictEqual(before, after)) return;
  const [inner, innerNow] = [fieldsOf(before), fieldsOf(after)];
  const rest = (field: FieldSpec): unknown => (typeof field === 'object' ? without(field, 'fields') : field);
  if (inner && innerNow && isDeepStrictEqual(rest(before), rest(after)))
    compareFields(inner, innerNow, `${path}.`, found);
  else found.incompatible.push(`the field ${path} is made of something else`);
}

function fieldsOf(field: FieldSpec): FieldsSpec | undefined {
  return typeof field === 'object' && 'fields' in field ? field.fields : undefined;
}

function compareSettings(before: JsonObject, after: JsonObject, found: Found): void {
  const [old, now] = [flattenSettings(before), flattenSettings(after)];
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (isDeepStrictEqual(old[name], now[name])) continue;
    found[isLiveSetting(name) ? 'settings' : 'incompatible'].push(`the setting ${name} is another`);
  }
}

/** Of a mapping, or of one property: `properties` and multi-fields may come, and nothing else may change. */
function compareMappings(before: JsonObject, after: JsonObject, path: string, found: Found): void {
  const apart = ['properties', 'fields', ...(path === '' ? ['_meta'] : [])];
  const rest = (mapping: JsonObject): object => without(mapping, ...apart);
  if (!isDeepStrictEqual(rest(before), rest(after))) {
    found.incompatible.push(`the mapping${path === '' ? '' : ` of ${path}`} is another`);
    return;
  }
  if (path === '' && !isDeepStrictEqual(before['_meta'], after['_meta']))
    found.settings.push("the mapping's _meta is another");
  for (const key of ['properties', 'fields']) {
    const [old, now] = [asObject(before[key]), asObject(after[key])];
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const at = path === '' ? name : `${path}.${name}`;
      if (!Object.hasOwn(now, name)) found.incompatible.push(`the mapping of ${at} is gone`);
      else if (!Object.hasOwn(old, name)) found.additions.push(`the mapping of ${at} is new`);
      else compareMappings(asObject(old[name]), asObject(now[name]), at, found);
    }
  }
}

function without(from: object, ...keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
}

function asObject(json: Json | undefined): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}
