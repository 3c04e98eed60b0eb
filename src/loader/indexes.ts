import type { estypes } from '@elastic/elasticsearch';
import type { BasisPart } from '../definition/basis.ts';
import { flattenSettings, isLiveSetting } from '../definition/index-settings.ts';
import type { IndexPlan } from '../definition/plan.ts';
import type { DefinitionSpec } from '../definition/schema.ts';
import { failpoint } from '../ops/failpoint.ts';
import {
  failureOf,
  httpStatus,
  isShardLimit,
  orIfAbsent,
  type Elasticsearch,
} from '../servers/elasticsearch.ts';
import { tryIndex, type DryRun } from './dry-run.ts';
import { metaOf, metaSchema, parseDefinition, type GivenSettings, type Origin } from './index-meta.ts';
import { creationRefused, lookAtCreated, unusable, type IndexNames } from './index-creation.ts';
import { readIndexTemplate } from './index-templates.ts';
import {
  aliasOfPhysical,
  deadLetterIndexName,
  indexForeign,
  obstacleAmong,
  readNamed,
  type Obstacle,
} from './obstacles.ts';

/** The name of an index, as its definition gives it. */
export type NamedIndex = Pick<IndexPlan, 'alias'>;

/** An index in Elasticsearch that this projector made. */
export interface PhysicalIndex {
  readonly physical: string;
  readonly uuid: string;
  readonly writeAlias: string;
  readonly hash: string;
  readonly origin: Origin;
  /** What its documents rest on beside the rows; null when that was not kept. */
  readonly basis: readonly BasisPart[] | null;
  /** The definition that it was made from; null when that was not kept, or is no definition any more. */
  readonly definition: DefinitionSpec | null;
  /** What the settings that are others while it is built were when it was made: the definition's, or a template's. */
  readonly given?: GivenSettings;
  /** Whether it is kept on purpose although another has taken its place: then it is nobody's. */
  readonly isKept: boolean;
  /** Whether it is the index that was made, and not one restored from a copy. */
  readonly original: boolean;
  /** Whether the alias that searches use points to it. A new one is building until then. */
  readonly serving: boolean;
}

/** One that is there, whichever index it is of, and whether its creation was ever finished. */
interface FoundIndex extends PhysicalIndex {
  readonly index: string;
  readonly isFinished: boolean;
}

export interface ServingIndex extends NamedIndex {
  readonly physical: string;
}

export interface OthersToDrop {
  readonly keep: string | null;
  /** Those too that are copies of one that was made. */
  readonly copies: boolean;
}

export interface IndexAdmin {
  /** The physical indexes of one index, the newest last. */
  find(index: NamedIndex): Promise<PhysicalIndex[]>;
  /**
   * Creates an empty physical index, made for building: no replicas, no refresh.
   *
   * @throws ProjectorError `PROJ_INDEX_REFUSED` where Elasticsearch does not take its settings or mappings, or a template
   * of the cluster is in the way; `PROJ_SHARD_LIMIT` where the cluster has no room for its shards.
   */
  create(index: IndexPlan, origin: Origin, basis: readonly BasisPart[]): Promise<PhysicalIndex>;
  /** Tries whether Elasticsearch would make a physical index of this one, and makes nothing. */
  tryOut(index: IndexPlan): Promise<DryRun>;
  /** Keeps what all documents of an index rest on by now. */
  rebase(physical: string, basis: readonly BasisPart[]): Promise<void>;
  /**
   * Makes an index that is there into what its definition gives by now, as far as an open index takes it: settings, and
   * more properties. What its documents rest on becomes `basis`.
   * Gives null, with nothing changed but settings, where Elasticsearch refuses: then it takes another index.
   */
  amend(
    index: IndexPlan,
    physical: PhysicalIndex,
    basis: readonly BasisPart[],
  ): Promise<PhysicalIndex | null>;
  /**
   * Gives a built index its own settings and the templates', makes it searchable, and swaps the alias to it in one step.
   * Throws PROJ_INDEX_FOREIGN where the alias leads to another projector's.
   */
  serve(index: IndexPlan, built: PhysicalIndex): Promise<void>;
  /** Deletes all other physical indexes of this index but those that are kept. `keep` becomes one of these. */
  dropOthers(index: NamedIndex, current: string, which: OthersToDrop): Promise<void>;
  /** The indexes of this projector and database that searches find although nobody follows them, of whatever index. */
  findUnfollowed(followed: ReadonlySet<string>, origin: Origin): Promise<readonly ServingIndex[]>;
  /** Every physical index of this projector under its prefix, whether or not a definition of it is left. */
  findAllOurs(): Promise<readonly PhysicalIndex[]>;
  /** What keeps this projector from having the alias; null where nothing does. */
  findObstacle(index: NamedIndex): Promise<Obstacle | null>;
  /** Deletes every physical index of this index, and an index of nobody's that stands where its alias should. */
  drop(index: NamedIndex): Promise<void>;
  /** Deletes one physical index. */
  remove(physical: string): Promise<void>;
  refresh(physical: string): Promise<void>;
  alias(index: NamedIndex): string;
  /** The names of the indexes that the alias leads to, whoever made them. */
  aliasLeadsTo(index: NamedIndex): Promise<string[]>;
  /** The uuid of the Elasticsearch cluster. */
  cluster(): Promise<string>;
}

/** Tombstones of deletions are kept this long, so that no late write resurrects a deleted document (invariant 4). */
export const GC_DELETES = '1h';

/** Stands for the uuid between an index's creation and the moment it is known; an index left so is nobody's. */
const NOT_YET = '';

/** While an index is built. At `serve` it gets what its definition or a template of the cluster gives. */
const BUILDING = {
  'index.refresh_interval': '-1',
  'index.number_of_replicas': 0,
  'index.write.wait_for_active_shards': 1,
};

/** An index is made to be written to, whatever a template says. */
const OPEN = {
  'index.blocks.read_only': false,
  'index.blocks.read_only_allow_delete': false,
  'index.blocks.write': false,
  'index.blocks.metadata': false,
};

/** Makes, finds, swaps and drops the physical indexes behind the aliases. */
export function createIndexAdmin(
  client: Elasticsearch,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): IndexAdmin {
  const aliasOf = (index: NamedIndex): string => `${prefix}${index.alias}`;
  /** A copy that somebody has made under another name has the same `_meta`, and is theirs. */
  const isNamedFor = (alias: string, { index, physical }: FoundIndex): boolean =>
    aliasOf({ alias: index }) === alias && aliasOfPhysical(physical) === alias;

  /** The physical indexes of this projector among those of these names, unfinished ones too, each index's newest last. */
  const findOurs = async (pattern: string): Promise<FoundIndex[]> => {
    const found = await client.indices.get({
      index: pattern,
      expand_wildcards: 'all',
      allow_no_indices: true,
      filter_path: ['*.aliases', '*.mappings._meta', '*.settings.index.uuid'],
    });
    const ours: FoundIndex[] = [];
    for (const [physical, state] of Object.entries(found)) {
      const meta = metaSchema.safeParse(state.mappings?._meta);
      if (!meta.success || meta.data.projector.name !== name) continue;
      const { index, hash, uuid, origin, basis = null, definition, given, kept } = meta.data.projector;
      const actual = state.settings?.index?.uuid ?? '';
      ours.push({
        index,
        physical,
        uuid: actual,
        writeAlias: writeAliasOf(physical),
        hash,
        origin,
        basis,
        definition: parseDefinition(definition),
        ...(given && { given }),
        isKept: kept !== undefined,
        original: uuid === actual,
        serving: Object.hasOwn(state.aliases ?? {}, `${prefix}${index}`),
        isFinished: uuid !== NOT_YET,
      });
    }
    return ours.sort((a, b) => (a.physical < b.physical ? -1 : 1));
  };
  const findAll = async (index: NamedIndex): Promise<FoundIndex[]> =>
    (await findOurs(`${aliasOf(index)}-*`)).filter((one) => isNamedFor(aliasOf(index), one));
  const findObstacle = async (index: NamedIndex, to: 'start' | 'swap'): Promise<Obstacle | null> => {
    const alias = aliasOf(index);
    if (alias === deadLetterIndexName({ name, prefix })) return { kind: 'dead letters' };
    return obstacleAmong(await readNamed(client, alias), alias, name, to);
  };
  const find = async (index: NamedIndex): Promise<PhysicalIndex[]> =>
    (await findAll(index)).filter(({ isFinished }) => isFinished);

  /** Keeps something else beside what is kept with an index. */
  const note = async (
    physical: string,
    changed: { readonly basis?: readonly BasisPart[]; readonly kept?: string },
  ) => {
    const found = await client.indices.getMapping({ index: physical });
    const meta = found[physical]?.mappings._meta ?? {};
    const projector = { ...(meta['projector'] as object), ...changed };
    await client.indices.putMapping({ index: physical, _meta: { ...meta, projector } });
  };
  const rebase = (physical: string, basis: readonly BasisPart[]): Promise<void> => note(physical, { basis });

  /** Creates an index named after this moment; or after the next, where another projector has had this one's. */
  const createNow = async (
    index: IndexPlan,
    body: Pick<estypes.IndicesCreateRequest, 'settings' | 'mappings'>,
  ): Promise<IndexNames> => {
    const alias = aliasOf(index);
    for (;;) {
      const physical = `${alias}-${timestamp(new Date())}`;
      const writeAlias = writeAliasOf(physical);
      const names = { physical, writeAlias, alias };
      try {
        await client.indices.create({
          ...body,
          index: physical,
          aliases: { [writeAlias]: {} },
          wait_for_active_shards: 1,
        });
        return names;
      } catch (error) {
        if (failureOf(error).type === 'resource_already_exists_exception') continue;
        throw (await creationRefused(client, index, names, error)) ?? error;
      }
    }
  };

  return {
    find,
    rebase,
    alias: aliasOf,
    tryOut: (index) => tryIndex(client, index, aliasOf(index)),
    aliasLeadsTo: (index) => indexesNamed(client, aliasOf(index)),

    async create(index, origin, basis) {
      const alias = aliasOf(index);
      const obstacle = await findObstacle(index, 'start');
      if (obstacle) throw indexForeign(alias, obstacle);
      for (const { physical, isFinished } of await findAll(index))
        if (!isFinished) await client.indices.delete({ index: physical });
      const own = { uuid: NOT_YET, origin, basis };
      const names = await createNow(index, {
        settings: { ...OPEN, ...flattenSettings(index.settings), 'index.gc_deletes': GC_DELETES },
        // Where a template requires a routing, it is refused.
        mappings: { _routing: { required: false }, ...index.mappings, _meta: metaOf(name, index, own) },
      });
      const { physical, writeAlias } = names;
      const { uuid, given, fault } = await lookAtCreated(client, names, Object.keys(BUILDING));
      if (fault !== null) {
        await client.indices.delete({ index: physical });
        throw await unusable(client, index, physical, fault);
      }
      await client.indices.putSettings({ index: physical, settings: BUILDING });
      await client.indices.putMapping({
        index: physical,
        _meta: metaOf(name, index, { ...own, uuid, given }),
      });
      return {
        physical,
        uuid,
        writeAlias,
        hash: index.hash,
        origin,
        basis,
        definition: index.definition,
        given,
        isKept: false,
        original: true,
        serving: false,
      };
    },

    async amend(index, current, basis) {
      const { physical, origin } = current;
      const [before, own] = [current.definition?.settings ?? {}, index.settings].map(flattenSettings);
      const left = Object.keys(before ?? {}).filter((setting) => !Object.hasOwn(own ?? {}, setting));
      const templates = left.length > 0 ? (await readIndexTemplate(client, physical)).settings : {};
      const gone = left.map((setting) => [setting, templates[setting] ?? null] as const);
      const settings = Object.fromEntries(
        [...gone, ...Object.entries(own ?? {})].filter(([setting]) => isLiveSetting(setting)),
      );
      const found = await client.indices.getSettings({ index: physical, name: 'index.uuid' });
      const uuid = found[physical]?.settings?.index?.uuid ?? '';
      const { properties } = index.mappings as { properties?: Record<string, estypes.MappingProperty> };
      try {
        if (Object.keys(settings).length > 0) await client.indices.putSettings({ index: physical, settings });
        // In one step with the mapping, so that it is never taken for what it is not.
        await client.indices.putMapping({
          index: physical,
          ...(properties && { properties }),
          _meta: metaOf(name, index, { uuid, origin, basis }),
        });
      } catch (error) {
        if (httpStatus(error) === 400 && !isShardLimit(failureOf(error))) return null;
        throw error;
      }
      return { ...current, hash: index.hash, basis, definition: index.definition };
    },

    async findUnfollowed(followed, { systemIdentifier, database }) {
      return (await findOurs(`${prefix}*`)).flatMap(({ index: alias, physical, serving, origin }) =>
        serving &&
        !followed.has(physical) &&
        origin.systemIdentifier === systemIdentifier &&
        origin.database === database
          ? { alias, physical }
          : [],
      );
    },

    // Where the prefix is empty, those of every other prefix match the pattern.
    findAllOurs: async () =>
      (await findOurs(`${prefix}*`)).filter((one) => isNamedFor(aliasOf({ alias: one.index }), one)),

    findObstacle: (index) => findObstacle(index, 'start'),

    async serve(index, built) {
      const alias = aliasOf(index);
      const given: Readonly<Record<string, unknown>> = built.given ?? flattenSettings(index.settings);
      await client.indices.putSettings({
        index: built.physical,
        settings: Object.fromEntries(Object.keys(BUILDING).map((name) => [name, given[name] ?? null])),
      });
      await client.indices.refresh({ index: built.physical });
      const isAnother = (physical: string): boolean => physical !== built.physical;
      const refuseOthers = async (): Promise<void> => {
        const obstacle = await findObstacle(index, 'swap');
        if (obstacle) throw indexForeign(alias, obstacle);
      };
      await refuseOthers();
      // Somebody may have had it lead to an index that is not ours.
      const astray = (await indexesNamed(client, alias)).filter(isAnother);
      failpoint('before-swap');
      try {
        await client.indices.updateAliases({
          actions: [
            ...astray.map((physical) => ({ remove: { index: physical, alias } })),
            // Of all that an alias leads to, one may be its write index: where another projector has had it lead to its
            // own a moment ago, Elasticsearch refuses.
            { add: { index: built.physical, alias, is_write_index: true } },
          ],
        });
      } catch (error) {
        await refuseOthers();
        throw error;
      }
      failpoint('after-swap');
    },

    async dropOthers(index, current, { keep, copies }) {
      for (const { physical, isKept, original } of await findAll(index)) {
        if (physical === current || isKept || !(original || copies)) continue;
        if (physical === keep) await note(physical, { kept: new Date().toISOString() });
        else await client.indices.delete({ index: physical });
      }
    },

    async drop(index) {
      for (const { physical } of await findAll(index)) await client.indices.delete({ index: physical });
      const obstacle = await findObstacle(index, 'swap');
      if (obstacle?.kind === 'index') await client.indices.delete({ index: aliasOf(index) });
    },

    async remove(physical) {
      await client.indices.delete({ index: physical, ignore_unavailable: true });
    },

    async refresh(physical) {
      await client.indices.refresh({ index: physical });
    },

    cluster: async () => (await client.info()).cluster_uuid,
  };
}

function writeAliasOf(physical: string): string {
  return `${physical}-write`;
}

/** `20261124T041530123`: sorts by time. */
function timestamp(at: Date): string {
  return at
    .toISOString()
    .replace(/[-:.Z]/g, '')
    .toLowerCase();
}

/** The names of the indexes that a name stands for: an index's own, or those that an alias leads to. */
async function indexesNamed(client: Elasticsearch, name: string): Promise<string[]> {
  const found = await orIfAbsent(() => client.indices.get({ index: name, filter_path: '*.aliases' }), {});
  return Object.keys(found).sort();
}
