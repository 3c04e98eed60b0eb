import { z } from 'zod';
import { ProjectorError } from '../ops/errors.ts';
import { orIfAbsent, type Elasticsearch } from '../servers/elasticsearch.ts';

/** What keeps a projector from having an alias. */
export type Obstacle =
  /** An index that no projector made has the alias's own name. */
  | { readonly kind: 'index' }
  /** It is the name of the index that holds this projector's own dead letters. */
  | { readonly kind: 'dead letters' }
  /** Another projector has the alias, or builds an index for it, or an index of its own has the alias's name. */
  | {
      readonly kind: 'projector';
      readonly physical: string;
      readonly projector: string;
      /** The database that it follows, where that is known. */
      readonly database: string | null;
    };

/** An index as Elasticsearch shows it: its aliases, and whose it is. */
export interface NamedState {
  readonly aliases: readonly string[];
  readonly meta: unknown;
}

/** Every index of ours says whose it is; what else it says may be another version's. */
const ownedSchema = z.object({
  projector: z.object({
    name: z.string(),
    kept: z.string().optional(),
    origin: z.object({ database: z.string() }).optional(),
  }),
});

/**
 * Of the indexes that an alias's name stands for, and those that are built for it, what keeps this projector from having the
 * alias. Of two projectors that began at the same time, the one whose index is older goes on after a restart.
 *
 * | index | made by | then |
 * |---|---|---|
 * | has the alias's own name | nobody, or any projector | an obstacle |
 * | the alias leads to it | this projector | none |
 * | the alias leads to it | nobody: by hand | none: the alias is taken back from it |
 * | the alias leads to it | another projector | an obstacle |
 * | is built for the alias | another projector, while this one neither serves nor has built an older one | an obstacle to a start |
 * | is built for the alias otherwise, or was left on purpose | another projector | none |
 */
export function obstacleAmong(
  found: Readonly<Record<string, NamedState>>,
  alias: string,
  name: string,
  to: 'start' | 'swap',
): Obstacle | null {
  const named = Object.entries(found).map(([physical, { aliases, meta }]) => ({
    physical,
    owner: ownedSchema.safeParse(meta).data?.projector,
    isServing: aliases.includes(alias),
  }));
  const plain = named.find(({ physical }) => physical === alias);
  if (plain && !plain.owner) return { kind: 'index' };
  const ours = named.filter(({ owner }) => owner?.name === name);
  const isServed = ours.some(({ isServing }) => isServing);
  const isOlder = (physical: string): boolean =>
    !ours.some((one) => aliasOfPhysical(one.physical) === alias && one.physical < physical);
  for (const one of named) {
    const { physical, owner, isServing } = one;
    if (!owner || (owner.name === name && one !== plain)) continue;
    const isBuilt = aliasOfPhysical(physical) === alias && owner.kept === undefined;
    const isInTheWay = isServing || (to === 'start' && !isServed && isBuilt && isOlder(physical));
    if (one !== plain && !isInTheWay) continue;
    return { kind: 'projector', physical, projector: owner.name, database: owner.origin?.database ?? null };
  }
  return null;
}

/** The alias that an index was made for, by its name; null where it is none of a projector's. */
export function aliasOfPhysical(physical: string): string | null {
  return /^(.+)-\d{8}t\d{9}$/.exec(physical)?.[1] ?? null;
}

/** The index that holds the dead letters of all indexes of a projector. */
export function deadLetterIndexName({ name, prefix }: { name: string; prefix: string }): string {
  return `${prefix}${name}-dead-letters`;
}

/** The indexes that obstacles are looked for among. */
export async function readNamed(client: Elasticsearch, alias: string): Promise<Record<string, NamedState>> {
  const filter_path = ['*.aliases', '*.mappings._meta'];
  const [named, built] = await Promise.all([
    orIfAbsent(() => client.indices.get({ index: alias, filter_path }), {}),
    client.indices.get({ index: `${alias}-*`, expand_wildcards: 'all', allow_no_indices: true, filter_path }),
  ]);
  return Object.fromEntries(
    Object.entries({ ...built, ...named }).map(([physical, { aliases, mappings }]) => [
      physical,
      { aliases: Object.keys(aliases ?? {}), meta: mappings?._meta },
    ]),
  );
}

/** The error for an alias that this projector cannot have. */
export function indexForeign(alias: string, obstacle: Obstacle): ProjectorError {
  if (obstacle.kind === 'index') {
    return new ProjectorError(
      'PROJ_INDEX_FOREIGN',
      `an index named ${alias}, which no projector made, stands where the alias of that name should be`,
      'Set INDEX_PREFIX, or delete that index: by hand, or by one run with ES_SHOULD_DROP_INDEX=TRUE.',
    );
  }
  if (obstacle.kind === 'dead letters') {
    return new ProjectorError(
      'PROJ_INDEX_FOREIGN',
      `${alias} is the name of the index that holds the dead letters of this projector`,
      'Give the definition another `index`.',
    );
  }
  const { physical, projector, database } = obstacle;
  const owner = `the projector ${projector}${database === null ? '' : ` of the database ${database}`}`;
  return new ProjectorError(
    'PROJ_INDEX_FOREIGN',
    `the name ${alias} is in use by ${owner}, whose index is ${physical}`,
    'Give one of the two another INDEX_PREFIX. If that projector is gone for good, run `projector teardown` with its ' +
      `settings, or delete ${physical}.`,
  );
}
