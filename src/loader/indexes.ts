import { z } from 'zod';
import type { IndexPlan } from '../definition/plan.ts';
import { ProjectorError } from '../ops/errors.ts';
import { failpoint } from '../ops/failpoint.ts';
import { orIfAbsent, type Elasticsearch } from '../servers/elasticsearch.ts';

/** Which history of which database an index or a resume point belongs to. */
export const originSchema = z.object({
  systemIdentifier: z.string(),
  timeline: z.number(),
  database: z.string(),
  /** Made anew with every slot. */
  incarnation: z.string(),
});

export type Origin = z.output<typeof originSchema>;

const metaSchema = z.object({
  projector: z.object({
    /** PROJECTOR_NAME. */
    name: z.string(),
    index: z.string(),
    /** The plan's hash. */
    hash: z.string(),
    /** The index's own uuid: another one means that it was restored from a snapshot. */
    uuid: z.string(),
    origin: originSchema,
    /** What its documents rest on beside the rows; absent in an index of before this was kept. */
    basis: z.array(z.string()).optional(),
  }),
});

/** An index in Elasticsearch that this projector made. */
export interface PhysicalIndex {
  readonly physical: string;
  readonly writeAlias: string;
  readonly hash: string;
  readonly origin: Origin;
  /** What its documents rest on beside the rows; null when that was not kept. */
  readonly basis: readonly string[] | null;
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

export interface IndexAdmin {
  /** The physical indexes of one index, the newest last. */
  find(index: IndexPlan): Promise<PhysicalIndex[]>;
  /** Creates an empty physical index, made for building: no replicas, no refresh. */
  create(index: IndexPlan, origin: Origin, basis: readonly string[]): Promise<PhysicalIndex>;
  /** Keeps what all documents of an index rest on by now. */
  rebase(physical: string, basis: readonly string[]): Promise<void>;
  /** Gives a built index its own settings, makes it searchable, and swaps the alias to it in one step. */
  serve(index: IndexPlan, built: PhysicalIndex): Promise<void>;
  /**
   * Tells of every other physical index of this projector, of whatever index, that it is not followed any more: it rests
   * on nothing from now on, so that each of its documents is read again if it should be followed again.
   */
  leaveOthers(followed: ReadonlySet<string>): Promise<void>;
  /** Deletes every physical index of this index, and whatever index stands where its alias should. */
  drop(index: IndexPlan): Promise<void>;
  refresh(physical: string): Promise<void>;
  alias(index: IndexPlan): string;
  /** The names of the indexes that the alias leads to, whoever made them. */
  aliasLeadsTo(index: IndexPlan): Promise<string[]>;
}

/** Tombstones of deletions are kept this long, so that no late write resurrects a deleted document (invariant 4). */
export const GC_DELETES = '1h';

/** Stands for the uuid between an index's creation and the moment it is known; an index left so is nobody's. */
const NOT_YET = '';

const BUILDING = { 'index.refresh_interval': '-1', 'index.number_of_replicas': 0 };

/** Makes, finds, swaps and drops the physical indexes behind the aliases. */
export function createIndexAdmin(
  client: Elasticsearch,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): IndexAdmin {
  const aliasOf = (index: IndexPlan): string => `${prefix}${index.name}`;

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
      const { index, hash, uuid, origin, basis = null } = meta.data.projector;
      ours.push({
        index,
        physical,
        writeAlias: writeAliasOf(physical),
        hash,
        origin,
        basis,
        original: uuid === state.settings?.index?.uuid,
        serving: Object.hasOwn(state.aliases ?? {}, `${prefix}${index}`),
        isFinished: uuid !== NOT_YET,
      });
    }
    return ours.sort((a, b) => (a.physical < b.physical ? -1 : 1));
  };
  const findAll = async (index: IndexPlan): Promise<FoundIndex[]> =>
    (await findOurs(`${aliasOf(index)}-*`)).filter((one) => one.index === index.name);
  const find = async (index: IndexPlan): Promise<PhysicalIndex[]> =>
    (await findAll(index)).filter(({ isFinished }) => isFinished);

  const rebase = async (physical: string, basis: readonly string[]): Promise<void> => {
    const found = await client.indices.getMapping({ index: physical });
    const meta = found[physical]?.mappings._meta ?? {};
    const projector = { ...(meta['projector'] as object), basis };
    await client.indices.putMapping({ index: physical, _meta: { ...meta, projector } });
  };

  return {
    find,
    rebase,
    alias: aliasOf,
    aliasLeadsTo: (index) => indexesNamed(client, aliasOf(index)),

    async create(index, origin, basis) {
      const alias = aliasOf(index);
      await refuseForeignIndex(client, alias);
      for (const { physical, isFinished } of await findAll(index))
        if (!isFinished) await client.indices.delete({ index: physical });
      const physical = `${alias}-${timestamp(new Date())}`;
      const meta = (uuid: string): Record<string, unknown> => ({
        ...(index.mappings['_meta'] ?? {}),
        projector: { name, index: index.name, hash: index.hash, uuid, origin, basis },
      });
      await client.indices.create({
        index: physical,
        settings: { ...flattenIndex(index.settings), 'index.gc_deletes': GC_DELETES, ...BUILDING },
        mappings: { ...index.mappings, _meta: meta(NOT_YET) },
        aliases: { [writeAliasOf(physical)]: {} },
      });
      const created = await client.indices.getSettings({ index: physical, name: 'index.uuid' });
      const uuid = created[physical]?.settings?.index?.uuid ?? '';
      await client.indices.putMapping({ index: physical, _meta: meta(uuid) });
      return {
        physical,
        writeAlias: writeAliasOf(physical),
        hash: index.hash,
        origin,
        basis,
        original: true,
        serving: false,
      };
    },

    async leaveOthers(followed) {
      const ours = await findOurs(`${prefix}*`);
      // The time tells one leaving from another: what was read again before counts for nothing after it.
      const nothing = [`not followed since ${new Date().toISOString()}`];
      for (const { physical, isFinished } of ours)
        if (isFinished && !followed.has(physical)) await rebase(physical, nothing);
    },

    async serve(index, built) {
      const alias = aliasOf(index);
      const own = flattenIndex(index.settings);
      await client.indices.putSettings({
        index: built.physical,
        settings: {
          'index.refresh_interval': own['index.refresh_interval'] ?? null,
          'index.number_of_replicas': own['index.number_of_replicas'] ?? null,
        },
      });
      await client.indices.refresh({ index: built.physical });
      const isAnother = (physical: string): boolean => physical !== built.physical;
      const others = (await findAll(index)).filter(({ physical }) => isAnother(physical));
      // Somebody may have had it lead to an index that is not ours.
      const astray = (await indexesNamed(client, alias)).filter(isAnother);
      failpoint('before-swap');
      await client.indices.updateAliases({
        actions: [
          ...astray.map((physical) => ({ remove: { index: physical, alias } })),
          { add: { index: built.physical, alias } },
        ],
      });
      failpoint('after-swap');
      for (const { physical } of others) await client.indices.delete({ index: physical });
    },

    async drop(index) {
      for (const { physical } of await findAll(index)) await client.indices.delete({ index: physical });
      const alias = aliasOf(index);
      if (await isConcreteIndex(client, alias)) await client.indices.delete({ index: alias });
    },

    async refresh(physical) {
      await client.indices.refresh({ index: physical });
    },
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

/** Whether an index, not an alias, has this name. */
async function isConcreteIndex(client: Elasticsearch, name: string): Promise<boolean> {
  return (await indexesNamed(client, name)).includes(name);
}

async function refuseForeignIndex(client: Elasticsearch, alias: string): Promise<void> {
  if (!(await isConcreteIndex(client, alias))) return;
  throw new ProjectorError(
    'PROJ_INDEX_FOREIGN',
    `an index named ${alias} stands where the alias of that name should be`,
    'Delete it, set INDEX_PREFIX, or run once with ES_SHOULD_DROP_INDEX=TRUE, which deletes it.',
  );
}

/** Settings with every name in its full dotted form, whichever of the accepted nestings they were written in. */
function flattenIndex(
  settings: Readonly<Record<string, unknown>>,
): Record<string, string | number | undefined> {
  const flat: Record<string, unknown> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else flat[path.startsWith('index.') ? path : `index.${path}`] = value;
  };
  walk(settings, '');
  return flat as Record<string, string | number | undefined>;
}
