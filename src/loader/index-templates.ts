import { flattenSettings } from '../definition/index-settings.ts';
import { isNotToBeKnown, orIfAbsent, type Elasticsearch } from '../servers/elasticsearch.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the cluster's index templates give a new index of some name. */
export interface IndexTemplate {
  /** The templates that give it, the strongest last; none where no template matches. */
  readonly names: readonly string[];
  /** By their full names. */
  readonly settings: Json;
  readonly mappings: Json;
  readonly aliases: readonly string[];
  /** Whether the name may only be a data stream's. */
  readonly isForDataStreams: boolean;
  /** Whether the templates may be read at all; otherwise there may be some. */
  readonly isKnown: boolean;
}

const NOT_KNOWN: IndexTemplate = {
  names: [],
  settings: {},
  mappings: {},
  aliases: [],
  isForDataStreams: false,
  isKnown: false,
};

/** A template's content, as both generations of templates and components have it. */
interface Content {
  readonly settings?: Json;
  readonly mappings?: Json;
  readonly aliases?: Json;
}

/**
 * Reads what the cluster's templates give an index of this name: the composable template of the highest priority with
 * its components; without one, every legacy template that matches, by their order. Gives no template where the login
 * may not read them (cluster privilege `monitor`).
 * https://www.elastic.co/docs/manage-data/data-store/templates
 */
export async function readIndexTemplate(client: Elasticsearch, index: string): Promise<IndexTemplate> {
  try {
    return await read(client, index);
  } catch (error) {
    if (isNotToBeKnown(error)) return NOT_KNOWN;
    throw error;
  }
}

async function read(client: Elasticsearch, index: string): Promise<IndexTemplate> {
  const { index_templates: composable } = await client.indices.getIndexTemplate();
  const [strongest] = composable
    .filter(({ index_template: one }) => matches(one.index_patterns, index))
    .sort((a, b) => (b.index_template.priority ?? 0) - (a.index_template.priority ?? 0));
  if (strongest) {
    const { name, index_template: template } = strongest;
    const parts: Content[] = [];
    for (const component of template.composed_of) parts.push(await readComponent(client, component));
    parts.push((template.template ?? {}) as Content);
    return {
      ...compose(parts),
      names: [name],
      isForDataStreams: template.data_stream !== undefined,
      isKnown: true,
    };
  }
  const legacy = Object.entries(await client.indices.getTemplate())
    .filter(([, one]) => matches(one.index_patterns, index))
    .sort(([, a], [, b]) => a.order - b.order);
  const names = legacy.map(([name]) => name);
  return {
    ...compose(legacy.map(([, one]) => one as unknown as Content)),
    names,
    isForDataStreams: false,
    isKnown: true,
  };
}

/** Nothing where it is not there, which a template may allow. */
async function readComponent(client: Elasticsearch, name: string): Promise<Content> {
  const { component_templates: found } = await orIfAbsent(
    () => client.cluster.getComponentTemplate({ name }),
    {
      component_templates: [],
    },
  );
  return (found[0]?.component_template.template ?? {}) as Content;
}

/** Whether one of the patterns, in which `*` stands for anything, is the name's. */
function matches(patterns: string | readonly string[], name: string): boolean {
  return [patterns].flat().some((pattern) => {
    const source = pattern.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`).replaceAll('*', '.*');
    return new RegExp(`^${source}$`, 's').test(name);
  });
}

/** Several parts of a template in one; a later one wins. */
function compose(parts: readonly Content[]): Pick<IndexTemplate, 'settings' | 'mappings' | 'aliases'> {
  return {
    settings: Object.assign({}, ...parts.map(({ settings = {} }) => flattenSettings(settings))) as Json,
    mappings: parts.reduce<Json>((merged, { mappings = {} }) => mergeMappings(merged, mappings), {}),
    aliases: parts.flatMap(({ aliases = {} }) => Object.keys(aliases)),
  };
}

/** A mapping on top of another, as Elasticsearch lays an index's own on a template's: fields by name, all else whole. */
export function mergeMappings(below: Json, above: Json): Json {
  const properties = [below, above].map(({ properties: some }) => some).filter(isObject);
  if (properties.length < 2) return { ...below, ...above };
  const [lower = {}, upper = {}] = properties;
  const merged = new Map(Object.entries(lower));
  for (const [name, field] of Object.entries(upper)) {
    const other = merged.get(name);
    const areObjects = isObject(other) && isObject(field) && 'properties' in other && 'properties' in field;
    merged.set(name, areObjects ? mergeMappings(other, field) : field);
  }
  return { ...below, ...above, properties: Object.fromEntries(merged) };
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
