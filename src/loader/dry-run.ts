import type { estypes } from '@elastic/elasticsearch';
import { flattenSettings } from '../definition/index-settings.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { fieldsOf, type FieldsSpec } from '../definition/schema.ts';
import type { ProjectorError } from '../ops/errors.ts';
import { failureOf, httpStatus, isNotToBeKnown, type Elasticsearch } from '../servers/elasticsearch.ts';
import { deepestReason, definitionRefused, templateInTheWay } from './index-refusal.ts';
import { mergeMappings, readIndexTemplate, type IndexTemplate } from './index-templates.ts';

type Json = Readonly<Record<string, unknown>>;

/** What an index would be made of: the definition's own, on top of what the cluster's templates give. */
export interface EffectiveIndex {
  /** By their full names. */
  readonly settings: Json;
  readonly mappings: Json;
  readonly template: IndexTemplate;
}

export interface DryRun extends EffectiveIndex {
  /** Why Elasticsearch would not make the index; null where it would, or where the login may not ask. */
  readonly refusal: ProjectorError | null;
}

/** Above those of all other templates: two of the same are refused. */
const PRIORITY = 2 ** 40;

/**
 * Has Elasticsearch try an index's settings and mappings together with the cluster's templates, without making anything.
 * `alias` is the name that searches use; a physical index has this and more. Where the login may not simulate templates
 * (cluster privilege `manage_index_templates`), only a template that is in the way is found.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-simulate-template
 */
export async function tryIndex(client: Elasticsearch, index: IndexPlan, alias: string): Promise<DryRun> {
  const physical = `${alias}-20000101t000000000`;
  const template = await readIndexTemplate(client, physical);
  const own = { settings: flattenSettings(index.settings) as Json, mappings: index.mappings };
  const effective = {
    settings: { ...template.settings, ...own.settings },
    mappings: mergeMappings(template.mappings, own.mappings),
  };
  const faultOf = async (content: typeof own): Promise<string | null> =>
    (await simulated(client, physical, content)) ??
    (await limitFault(client, physical, index, content)) ??
    sortFault(content) ??
    (await missingPipeline(client, content));
  const refusal = async (): Promise<ProjectorError | null> => {
    // A template may have what a definition builds upon.
    if (!template.isKnown) return null;
    const inTheWay = templateFault(template, alias);
    if (inTheWay !== null) return templateInTheWay(index, template.names, inTheWay);
    const reason = await faultOf(effective);
    if (reason === null) return null;
    return template.names.length > 0 && (await faultOf(own)) === null
      ? templateInTheWay(index, template.names, reason)
      : definitionRefused(index, reason);
  };
  return { ...effective, template, refusal: await refusal() };
}

/** What makes an index by a template that documents of our kind cannot be written to. */
export function templateFault(template: IndexTemplate, alias: string): string | null {
  if (template.isForDataStreams) return 'an index of that name can only be a data stream';
  const routing = template.mappings['_routing'] as { required?: unknown } | undefined;
  if (routing?.required === true) return 'its mapping requires a routing, which the documents do not have';
  if (template.settings['index.mode'] === 'time_series')
    return 'index.mode is time_series, in which documents have no ids of their own';
  if (template.aliases.includes(alias))
    return `it gives each new index the alias ${alias}, so that searches would find it half filled`;
  return null;
}

async function simulated(
  client: Elasticsearch,
  physical: string,
  { settings, mappings }: { readonly settings: Json; readonly mappings: Json },
): Promise<string | null> {
  const template = { settings, mappings } as estypes.IndicesPutIndexTemplateIndexTemplateMapping;
  try {
    await client.indices.simulateTemplate({ index_patterns: [physical], priority: PRIORITY, template });
    return null;
  } catch (error) {
    if (httpStatus(error) === 400) return deepestReason(failureOf(error));
    if (isNotToBeKnown(error)) return null;
    throw error;
  }
}

/**
 * A limit that the fields of every document go beyond, which Elasticsearch adds to the mapping as they come: then it
 * would refuse them all.
 */
async function limitFault(
  client: Elasticsearch,
  physical: string,
  { definition }: IndexPlan,
  { settings, mappings }: { readonly settings: Json; readonly mappings: Json },
): Promise<string | null> {
  const { dynamic = true } = mappings;
  const isAdding = dynamic === true || dynamic === 'true';
  if (!isAdding || !Object.keys(settings).some((name) => /^index\.mapping\..*limit/.test(name))) return null;
  const documents = { properties: mappingOf(definition.fields) };
  const reason = await simulated(client, physical, {
    settings,
    mappings: mergeMappings(documents, mappings),
  });
  return reason?.startsWith('Limit of') ? `${reason} by the fields of its documents` : null;
}

function mappingOf(fields: FieldsSpec): Json {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const inner = fieldsOf(field);
      return [name, inner ? { properties: mappingOf(inner) } : { type: 'keyword' }];
    }),
  );
}

/** A simulation does not look at the fields that an index is sorted by. */
function sortFault({
  settings,
  mappings,
}: {
  readonly settings: Json;
  readonly mappings: Json;
}): string | null {
  const fields = [settings['index.sort.field'] ?? []].flat().map(String);
  const missing = fields.find((field) => !hasField(mappings, field.split('.')));
  return missing === undefined ? null : `unknown index sort field:[${missing}]`;
}

function hasField(mappings: unknown, [name = '', ...rest]: readonly string[]): boolean {
  const { properties, fields } = mappings as { properties?: Json; fields?: Json };
  const children = [properties, fields].find((some) => some && Object.hasOwn(some, name));
  return children !== undefined && (rest.length === 0 || hasField(children[name], rest));
}

/** A pipeline that is not there: each document would be refused. Not known where the login may not ask. */
async function missingPipeline(
  client: Elasticsearch,
  { settings }: { readonly settings: Json },
): Promise<string | null> {
  for (const setting of ['index.default_pipeline', 'index.final_pipeline']) {
    const id = settings[setting];
    if (typeof id !== 'string' || id === '_none') continue;
    try {
      await client.ingest.getPipeline({ id });
    } catch (error) {
      if (httpStatus(error) === 404) return `pipeline with id [${id}] does not exist (${setting})`;
      if (!isNotToBeKnown(error)) throw error;
    }
  }
  return null;
}
