import { createHash } from 'node:crypto';
import { z } from 'zod';
import { orIfAbsent, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import { formatLsn, parseLsn, type Lsn } from '../shared/lsn.ts';
import { slices } from '../shared/slices.ts';
import { deleteItem, indexItem, type BulkItem } from './bulk.ts';
import { GC_DELETES } from './indexes.ts';
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
 * Strict, so that nothing else comes into it; hidden, so that no search of `*` finds it; on a second node as soon as
 * there is one.
 */
export function createDeadLetterIndex(
  client: Elasticsearch,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): DeadLetterIndex {
  const index = `${prefix}${name}-dead-letters`;
  const writeAlias = `${index}-write`;

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
      if (await client.indices.exists({ index })) {
        // An older version made it without a limit.
        await client.indices.putMapping({ index, properties: { id: ID_MAPPING } });
        return;
      }
      await client.indices.create({
        index,
        settings: {
          'index.hidden': true,
          'index.number_of_shards': 1,
          'index.auto_expand_replicas': '0-1',
          'index.gc_deletes': GC_DELETES,
        },
        mappings: {
          dynamic: 'strict',
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
      });
    },

    async among(physical, ids) {
      const letters = new Map<string, DeadLetter>();
      for (const some of slices(ids, PAGE)) {
        const { docs } = await client.mget({ index, ids: some.map((id) => letterId(physical, id)) });
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
            operations: letters.map(({ id }) => ({ delete: { _id: letterId(physical, id) } })),
          });
        }
      }
    },

    async drop() {
      await client.indices.delete({ index, ignore_unavailable: true });
    },
  };
}

const bucketsSchema = z.object({
  buckets: z.array(z.object({ key: z.string(), doc_count: z.number() })),
});

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
  return indexItem({ id: letterId(letter.physical, letter.id), json }, letter.version);
}

/** Deletes a letter, unless there is a newer one. */
export function letterRemoval(physical: string, id: string, version: Lsn): BulkItem {
  return deleteItem(letterId(physical, id), version);
}
