import { fieldsOf, type FieldsSpec } from '../definition/schema.ts';
import type { Elasticsearch } from '../servers/elasticsearch.ts';

type Json = Readonly<Record<string, unknown>>;

/** Ways to parts of a document, in which `*` stands for anything. */
export interface Patterns {
  readonly texts: readonly string[];
  /** Whether one of them stands for this way, or for one that it leads on from. */
  readonly match: (path: string) => boolean;
}

/** How an index keeps what it is given, going by its settings and its mapping. */
export interface KeptSource {
  /** `_source` is not kept. */
  readonly isDisabled: boolean;
  /** What may have changed any part of a document before it is given back; null: nothing does. */
  readonly changedBy: string | null;
  /** What is kept; all, where there are none. */
  readonly includes: Patterns;
  /** What is not kept all the same. */
  readonly excludes: Patterns;
  /** By the ways to the vectors, how far their numbers may differ from those that were given, as a share of them. */
  readonly vectors: ReadonlyMap<string, number>;
  /** Vectors are given back only to whoever asks for them. */
  readonly leavesOutVectors: boolean;
}

/** A part of the documents that cannot be compared. */
export interface NotCompared {
  /** The way to it, as the definition or `_source` has it; `*` for all. */
  readonly field: string;
  readonly reason: string;
}

export const KEPT_WHOLE: KeptSource = {
  isDisabled: false,
  changedBy: null,
  includes: patternsOf([]),
  excludes: patternsOf([]),
  vectors: new Map(),
  leavesOutVectors: false,
};

const SETTINGS = [
  'index.mapping.source.mode',
  'index.mapping.exclude_source_vectors',
  'index.default_pipeline',
  'index.final_pipeline',
] as const;

/** What an index keeps of its documents. */
export async function readKeptSource(client: Elasticsearch, physical: string): Promise<KeptSource> {
  const found = await client.indices.getSettings({
    index: physical,
    name: [...SETTINGS],
    flat_settings: true,
    include_defaults: true,
  });
  const { settings = {}, defaults = {} } = found[physical] ?? {};
  const mapping = await client.indices.getMapping({ index: physical });
  const mappings = mapping[physical]?.mappings ?? {};
  return keptSource({ ...defaults, ...settings }, { ...mappings });
}

/**
 * The same, of settings by their full names and of a mapping.
 * https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-source-field
 */
export function keptSource(settings: Json, mappings: Json): KeptSource {
  const { enabled, mode, includes = [], excludes = [] } = (mappings['_source'] ?? {}) as Json;
  const setting = (name: (typeof SETTINGS)[number]): string => {
    const value = settings[name];
    return typeof value === 'string' || typeof value === 'boolean' ? `${value}` : '';
  };
  const kept = setting('index.mapping.source.mode').toLowerCase();
  const isSynthetic = kept === 'synthetic' || mode === 'synthetic';
  const pipeline = [setting('index.default_pipeline'), setting('index.final_pipeline')].find(
    (id) => id !== '' && id !== '_none',
  );
  const vectors = new Map(vectorsIn(mappings, ''));
  return {
    isDisabled: String(enabled) === 'false' || kept === 'disabled' || mode === 'disabled',
    changedBy: isSynthetic
      ? 'a synthetic _source is put together from what is indexed'
      : pipeline === undefined
        ? null
        : `the ingest pipeline ${pipeline} may change it`,
    includes: patternsOf([includes].flat().map(String)),
    excludes: patternsOf([excludes].flat().map(String)),
    vectors,
    leavesOutVectors: vectors.size > 0 && setting('index.mapping.exclude_source_vectors') === 'true',
  };
}

/** A float, whose vector may have been normalised and put back. */
const FLOAT = 1e-6;
/** Numbers with 8 bits behind the point. */
const SHORT = 2 ** -8;

function* vectorsIn(mapping: Json, path: string): Generator<[string, number]> {
  for (const [name, field] of Object.entries(
    (mapping['properties'] ?? {}) as Readonly<Record<string, Json>>,
  )) {
    const at = `${path}${name}`;
    if (field['type'] === 'dense_vector' || field['type'] === 'rank_vectors')
      yield [at, field['element_type'] === 'bfloat16' ? SHORT : FLOAT];
    else if (field['type'] === 'sparse_vector') yield [at, SHORT];
    else yield* vectorsIn(field, `${at}.`);
  }
}

function patternsOf(texts: readonly string[]): Patterns {
  const sources = texts.map((text) =>
    text.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`).replaceAll('*', '.*'),
  );
  const any = new RegExp(`^(?:${sources.join('|')})(?:\\..*)?$`, 's');
  return { texts, match: (path) => texts.length > 0 && any.test(path) };
}

/** The parts of a definition's documents that an index does not give back as it was given them. */
export function notCompared(kept: KeptSource, fields: FieldsSpec): NotCompared[] {
  if (kept.changedBy !== null) return [{ field: '*', reason: kept.changedBy }];
  const { includes, excludes } = kept;
  const walk = (from: FieldsSpec, above: string, isAboveIncluded: boolean): string[] =>
    Object.entries(from).flatMap(([name, spec]) => {
      const path = `${above}${name}`;
      if (excludes.match(path)) return [path];
      const isIncluded = isAboveIncluded || includes.match(path);
      const inner = fieldsOf(spec);
      if (inner) return walk(inner, `${path}.`, isIncluded);
      return isIncluded ? excludes.texts.filter((pattern) => pattern.startsWith(`${path}.`)) : [path];
    });
  return walk(fields, '', includes.texts.length === 0).map((field) => ({
    field,
    reason: '_source leaves it out',
  }));
}
