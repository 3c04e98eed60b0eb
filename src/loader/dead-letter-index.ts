import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ProjectorError } from '../ops/errors.ts';
import {
  failureOf,
  httpStatus,
  isShardLimit,
  orIfAbsent,
  type Elasticsearch,
} from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import { formatLsn, parseLsn, type Lsn } from '../shared/lsn.ts';
import { slices } from '../shared/slices.ts';
import { deleteItem, indexItem, type BulkItem } from './bulk.ts';
import { deepestReason } from './index-refusal.ts';
import { GC_DELETES } from './indexes.ts';
import { deadLetterIndexName, indexForeign } from './obstacles.ts';
import { scan } from './scan.ts';

const letterSchema = z.object({
  /** The index's name, as its definition gives it. */
  index: z.string(),
  /** The physical index that the document is for. A letter goes with it. */
  physical: z.string(),
  /** The document's id. */
  id: z.string(),
  /** The LSN up to which the document that was refused last had every commit. */
  version: z.string().transform(parseLsn),
  /** Of the last refusal, and nothing of the document's content. The status is Elasticsearch's; 0 where Postgres refuses. */
  status: z.number(),
  type: z.string(),
  reason: z.string(),
  /** Since when it is refused. */
  at: z.string(),
});

/** A document that Elasticsearch refuses for its own content, or that cannot be made of its row. */
export type DeadLetter = z.output<typeof letterSchema>;

/** Which letters are meant: those of any of the indexes, and of any of the documents; all, where nothing is said. */
export interface DeadLetterFilter {
  readonly indexes?: readonly string[];
  readonly physical?: string;
  readonly ids?: readonly string[];
}

/** The index of this projector that holds the dead letters of all its indexes. */
export interface DeadLetterIndex {
  readonly writeAlias: string;
  /** Creates it where there is none. */
  ensure(): Promise<void>;
  /** The letters, the newest first, in pages. None where there is no index. */
  pages(filter: DeadLetterFilter, retry?: Retry): AsyncGenerator<readonly DeadLetter[]>;
  /** The letters of these documents, at this very moment, by id. */
  among(physical: string, ids: readonly string[]): Promise<ReadonlyMap<string, DeadLetter>>;
  /** How many there are, by the indexes' names. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /** Deletes the letters of physical indexes that do not exist any more. */
  sweep(): Promise<void>;
  /** Deletes it with all its letters. */
  drop(): Promise<void>;
}

const PAGE = 1_000;
/** More indexes than any installation has. */
const MOST_INDEXES = 1_000;

/** Lucene takes no term of more than 32,766 bytes; a longer id is kept all the same, and looked for here. */
const LONGEST_INDEXED_ID = 8_191;
const ID_MAPPING = { type: 'keyword', ignore_above: LONGEST_INDEXED_ID } as const;

/**
 * Some routing, which all letters have, for the case that a template of the cluster requires one. Of one shard there is
 * no other way to take.
 */
const ROUTING = 'letters';

/** All that a template of the cluster could give this index to its harm has its usual value here, which goes above it. */
const WHATEVER_TEMPLATES_SAY = {
  'index.mode': 'standard',
  'index.default_pipeline': '_none',
  'index.final_pipeline': '_none',
  'index.sort.field': [],
  'index.mapping.source.mode': 'stored',
  'index.mapping.total_fields.limit': 1_000,
  'index.mapping.depth.limit': 20,
  'index.mapping.field_name_length.limit': 100,
  'index.blocks.read_only': false,
  'index.blocks.read_only_allow_delete': false,
  'index.blocks.write': false,
  'index.blocks.read': false,
  'index.blocks.metadata': false,
  'index.max_result_window': 10_000,
  'index.max_terms_count': 65_536,
  'index.refresh_interval': '1s',
  'index.write.wait_for_active_shards': 1,
};

/**
 * Strict, so that nothing else comes into it; hidden, so that no search of `*` finds it; on a second node as soon as
 * there is one.
 */
export function createDeadLetterIndex(
  client: Elasticsearch,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): DeadLetterIndex {
  const index = deadLetterIndexName({ name, prefix });
  const writeAlias = `${index}-write`;

  /** Whose index has the name; null where there is none. */
  const readOwner = async (): Promise<'us' | 'somebody else' | null> => {
    const found = await orIfAbsent(
      () =>
        client.indices.get({
          index,
          expand_wildcards: 'all',
          filter_path: ['*.mappings._meta', '*.aliases'],
        }),
      {},
    );
    if (Object.keys(found).length === 0) return null;
    return ownSchema.safeParse(found[index]?.mappings?._meta).data?.projector.name === name
      ? 'us'
      : 'somebody else';
  };

  const countsBy = (field: 'index' | 'physical'): Promise<ReadonlyMap<string, number>> =>
    orIfAbsent(async () => {
      await client.indices.refresh({ index });
      const { aggregations } = await client.search({
        index,
        size: 0,
        aggs: { by: { terms: { field, size: MOST_INDEXES } } },
      });
      const { buckets } = bucketsSchema.parse(aggregations?.['by']);
      return new Map(buckets.map(({ key, doc_count: count }) => [key, count]));
    }, new Map());

  async function* pages(filter: DeadLetterFilter, retry?: Retry): AsyncGenerator<readonly DeadLetter[]> {
    const refresh = (): Promise<boolean> =>
      orIfAbsent(async () => {
        await client.indices.refresh({ index });
        return true;
      }, false);
    const isThere = await (retry ? retry(refresh) : refresh());
    if (!isThere) return;
    const request = { query: { bool: { filter: termsOf(filter) } }, sort: [{ at: 'desc' }, '_shard_doc'] };
    for await (const hits of scan(client, index, PAGE, request, retry)) {
      const letters = hits.map(({ _source }) => letterSchema.parse(_source));
      yield filter.ids ? letters.filter(({ id }) => filter.ids?.includes(id)) : letters;
    }
  }

  return {
    writeAlias,
    pages,
    counts: () => countsBy('index'),

    async ensure() {
      const owner = await readOwner();
      if (owner === 'somebody else') throw indexForeign(index, { kind: 'index' });
      if (owner === 'us') {
        // An older version made it without a limit.
        await client.indices.putMapping({ index, properties: { id: ID_MAPPING } });
        return;
      }
      const settings = {
        ...WHATEVER_TEMPLATES_SAY,
        'index.hidden': true,
        'index.number_of_shards': 1,
        'index.auto_expand_replicas': '0-1',
        'index.gc_deletes': GC_DELETES,
      };
      const creation = client.indices.create({
        index,
        settings,
        mappings: {
          dynamic: 'strict',
          _source: { enabled: true },
          _meta: { projector: { name, deadLetters: true } },
          properties: {
            index: { type: 'keyword' },
            physical: { type: 'keyword' },
            id: ID_MAPPING,
            version: { type: 'keyword' },
            status: { type: 'integer' },
            type: { type: 'keyword' },
            reason: { type: 'text' },
            at: { type: 'date' },
          },
        },
        aliases: { [writeAlias]: {} },
        wait_for_active_shards: 1,
      });
      await creation.catch((error: unknown) => {
        throw lettersRefused(index, error) ?? error;
      });
    },

    async among(physical, ids) {
      const letters = new Map<string, DeadLetter>();
      for (const some of slices(ids, PAGE)) {
        const { docs } = await client.mget({
          index,
          routing: ROUTING,
          ids: some.map((id) => letterId(physical, id)),
        });
        for (const doc of docs) {
          if (!('found' in doc && doc.found)) continue;
          const letter = letterSchema.parse(doc._source);
          letters.set(letter.id, letter);
        }
      }
      return letters;
    },

    async sweep() {
      for (const physical of (await countsBy('physical')).keys()) {
        if (await client.indices.exists({ index: physical })) continue;
        for await (const letters of pages({ physical })) {
          await client.bulk({
            index,
            routing: ROUTING,
            operations: letters.map(({ id }) => ({ delete: { _id: letterId(physical, id) } })),
          });
        }
      }
    },

    async drop() {
      if ((await readOwner()) === 'us') await client.indices.delete({ index });
    },
  };
}

const ownSchema = z.object({ projector: z.object({ name: z.string(), deadLetters: z.literal(true) }) });

const bucketsSchema = z.object({
  buckets: z.array(z.object({ key: z.string(), doc_count: z.number() })),
});

/** What it comes to when the cluster does not let this index be made; null for an error of another kind. */
function lettersRefused(index: string, error: unknown): ProjectorError | null {
  const failure = failureOf(error);
  if (httpStatus(error) !== 400 || isShardLimit(failure)) return null;
  return new ProjectorError(
    'PROJ_INDEX_REFUSED',
    `Elasticsearch refuses the index of the dead letters, ${index}: ${deepestReason(failure)}`,
    'Have the index_patterns of the index template that matches this name leave it out.',
    { cause: error },
  );
}

function termsOf({ indexes, physical, ids }: DeadLetterFilter): { terms: Record<string, string[]> }[] {
  return [
    ...(indexes ? [{ terms: { index: [...indexes] } }] : []),
    ...(physical === undefined ? [] : [{ terms: { physical: [physical] } }]),
    ...(ids?.every((id) => id.length <= LONGEST_INDEXED_ID) ? [{ terms: { id: [...ids] } }] : []),
  ];
}

/** Of one length, whatever the document's id is: it may be the very thing that is refused. */
function letterId(physical: string, id: string): string {
  return createHash('sha256').update(`${physical}\0${id}`).digest('base64url');
}

/**
 * Writes a letter, at the version of the document that was refused: so a late one replaces no newer one, and does not
 * bring back one that has left at a newer version (invariant 1, for letters).
 */
export function letterItem(letter: DeadLetter): BulkItem {
  const json = JSON.stringify({ ...letter, version: formatLsn(letter.version) });
  return indexItem({ id: letterId(letter.physical, letter.id), json }, letter.version, ROUTING);
}

/** Deletes a letter, unless there is a newer one. */
export function letterRemoval(physical: string, id: string, version: Lsn): BulkItem {
  return deleteItem(letterId(physical, id), version, ROUTING);
}
