import { isShardLimit, failureOf, httpStatus, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { ProjectorError } from '../ops/errors.ts';
import { tryIndex } from './dry-run.ts';
import type { GivenSettings } from './index-meta.ts';
import { deepestReason, definitionRefused, templateInTheWay } from './index-refusal.ts';
import { readIndexTemplate } from './index-templates.ts';

/** What Elasticsearch has made of a request for an index. */
export interface CreatedIndex {
  readonly uuid: string;
  /** The settings that it has, of those that are others while it is built. */
  readonly given: GivenSettings;
  /** What keeps it from being used: its own, or a template's; null where nothing does. */
  readonly fault: string | null;
}

export interface IndexNames {
  readonly physical: string;
  readonly writeAlias: string;
  /** The one that searches use. */
  readonly alias: string;
}

/** What an error in creating an index comes to: `PROJ_INDEX_REFUSED` or `PROJ_SHARD_LIMIT`; null for any other. */
export async function creationRefused(
  client: Elasticsearch,
  index: IndexPlan,
  { alias }: IndexNames,
  error: unknown,
): Promise<ProjectorError | null> {
  const failure = failureOf(error);
  if (isShardLimit(failure)) return noRoom(index, deepestReason(failure));
  if (httpStatus(error) !== 400 || failure.type === 'resource_already_exists_exception') return null;
  const { refusal, template } = await tryIndex(client, index, alias);
  if (refusal) return refusal;
  const reason = deepestReason(failure);
  // Found without asking for the templates, which the login may not be allowed to.
  const [, named] = /matches with template \[([^\]]+)\]/.exec(reason) ?? [];
  if (named !== undefined) return templateInTheWay(index, [named], reason);
  if (reason.includes('`_routing.required`')) return templateInTheWay(index, template.names, reason);
  return definitionRefused(index, reason);
}

/** Looks at an index that has just been made, and is empty, as it has become with the templates of the cluster. */
export async function lookAtCreated(
  client: Elasticsearch,
  { physical, writeAlias, alias }: IndexNames,
  changing: readonly string[],
): Promise<CreatedIndex> {
  const found = await client.indices.get({
    index: physical,
    flat_settings: true,
    filter_path: ['*.settings', '*.aliases'],
  });
  const { settings = {}, aliases = {} } = found[physical] ?? {};
  const flat = settings as Readonly<Record<string, string | undefined>>;
  const given = Object.fromEntries(
    changing.flatMap((name) => (flat[name] === undefined ? [] : [[name, flat[name]]])),
  );
  const hasPipeline = ['index.default_pipeline', 'index.final_pipeline'].some(
    (name) => (flat[name] ?? '_none') !== '_none',
  );
  const fault = Object.hasOwn(aliases, alias)
    ? `it has the alias ${alias} from the start, so that searches would find it half filled`
    : flat['index.mode'] === 'time_series'
      ? 'index.mode is time_series, in which documents have no ids of their own'
      : hasPipeline
        ? await missingPipelineOf(client, writeAlias)
        : null;
  return { uuid: flat['index.uuid'] ?? '', given, fault };
}

/**
 * Which ingest pipeline of an empty index is not there; null where all are. Asks by a write that comes to nothing, since
 * it is for a document that is there already: this needs no right but the one to write.
 */
async function missingPipelineOf(client: Elasticsearch, writeAlias: string): Promise<string | null> {
  const { items } = await client.bulk({
    index: writeAlias,
    require_alias: true,
    operations: [{ index: { _id: 'none', if_seq_no: 0, if_primary_term: 1 } }, {}],
  });
  const reason = items[0]?.index?.error?.reason ?? '';
  return reason.startsWith('pipeline with id ') ? reason : null;
}

/** The error for an index that has been made and cannot be used. */
export async function unusable(
  client: Elasticsearch,
  index: IndexPlan,
  physical: string,
  fault: string,
): Promise<ProjectorError> {
  const { names } = await readIndexTemplate(client, physical);
  return names.length > 0 ? templateInTheWay(index, names, fault) : definitionRefused(index, fault);
}

function noRoom({ alias }: IndexPlan, reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_SHARD_LIMIT',
    `the cluster has no room for the shards of the index ${alias}: ${reason}`,
    'Delete indexes that nobody needs, add a node, or raise cluster.max_shards_per_node; it is tried again until then.',
  );
}
