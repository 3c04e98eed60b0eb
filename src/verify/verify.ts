import type { IndexPlan } from '../definition/plan.ts';
import { indexIds } from '../loader/index-ids.ts';
import type { KeptSource } from '../loader/kept-source.ts';
import type { PreparedQuery } from '../resolver/keys.ts';
import { readRowVersions } from '../resolver/resolver.ts';
import { rootPages } from '../resolver/root-pages.ts';
import type { QueryRows } from '../router/pages.ts';
import type { Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import { concurrently } from '../shared/concurrently.ts';
import { keyToId } from '../shared/document-key.ts';
import { slices } from '../shared/slices.ts';
import { findingsOf, noFindings, together, type Findings } from './findings.ts';
import { createEyes, type Suspect } from './look.ts';
import { settle, type SettleOptions } from './settle.ts';

export interface VerifyOptions extends Omit<SettleOptions, 'eyes'> {
  readonly index: IndexPlan;
  /** The physical index that holds its documents. */
  readonly physical: string;
  readonly query: QueryRows;
  readonly preparedQuery: PreparedQuery;
  /** How the index keeps its documents. */
  readonly kept: KeptSource;
  readonly elasticsearch: Elasticsearch;
  readonly retry: Retry;
  /** Has documents read again and written; null to leave them as they are. */
  readonly mend: ((ids: readonly string[]) => Promise<void>) | null;
  /** Told how many rows have been compared. */
  readonly onProgress: (rows: number) => void;
  readonly signal: AbortSignal;
}

export interface Verified extends Findings {
  /** Rows that should have a document, and documents, that were looked at. */
  readonly rows: number;
  readonly documents: number;
}

const ROWS_A_PAGE = 1_000;
const DOCUMENTS_A_PAGE = 5_000;
/** Pages looked at simultaneously. */
const PAGES_AT_ONCE = 3;
/** So many suspects are gathered before the stream is waited for. */
const SUSPECTS_AT_ONCE = 5_000;
const MENDED_AT_ONCE = 1_000;

/**
 * Compares every document of an index with its rows, by content, in bounded memory: the document of every row first, then
 * every document that has no row. What differs counts only when it still does once the stream has covered the look.
 */
export async function verifyIndex(options: VerifyOptions): Promise<Verified> {
  const { index, physical, query, preparedQuery, kept, elasticsearch, retry, mend, signal } = options;
  const eyes = createEyes({ index, physical, query: preparedQuery, kept, elasticsearch, retry, signal });

  const judge = async (suspects: readonly Suspect[]): Promise<Findings> => {
    const { drifting, deadLettered, unsettled } = await settle(suspects, { ...options, eyes });
    let findings = findingsOf({ drifting, deadLettered, unsettled });
    if (!mend) return findings;
    for (const some of slices(drifting, MENDED_AT_ONCE)) {
      const ids = some.map(({ id }) => id);
      await mend(ids);
      const after = await settle(await eyes.look(ids), { ...options, eyes });
      const left = after.drifting.map(({ id }) => id);
      const mended = ids.length - left.length - after.deadLettered.length - after.unsettled.length;
      findings = together(findings, findingsOf({ ...after, drifting: [], left, mended }));
    }
    return findings;
  };

  /** Judges the suspects of a part of the index, as they come. */
  const createPart = (): { add(suspects: readonly Suspect[]): Promise<void>; end(): Promise<Findings> } => {
    let findings = noFindings;
    let gathered: Suspect[] = [];
    const judgeGathered = async (): Promise<void> => {
      const suspects = gathered;
      gathered = [];
      const found = await judge(suspects);
      findings = together(findings, found);
    };
    return {
      async add(suspects) {
        gathered.push(...suspects);
        if (gathered.length >= SUSPECTS_AT_ONCE) await judgeGathered();
      },
      async end() {
        await judgeGathered();
        return findings;
      },
    };
  };

  const compareRows = async (): Promise<Findings & { readonly rows: number }> => {
    const part = createPart();
    let rows = 0;
    const rowPages = rootPages({ query, preparedQuery, index }, { pageSize: ROWS_A_PAGE });
    await concurrently(rowPages, PAGES_AT_ONCE, async (keys) => {
      await part.add(await eyes.look(keys.map(keyToId)));
      rows += keys.length;
      options.onProgress(rows);
    });
    return { ...(await part.end()), rows };
  };

  const findExtra = async (): Promise<Findings & { readonly documents: number }> => {
    const part = createPart();
    let documents = 0;
    await elasticsearch.indices.refresh({ index: physical });
    await concurrently(indexIds(elasticsearch, physical, DOCUMENTS_A_PAGE), PAGES_AT_ONCE, async (ids) => {
      const rows = await readRowVersions(preparedQuery, index, ids);
      await part.add(await eyes.look(ids.filter((id) => !rows.has(id))));
      documents += ids.length;
    });
    return { ...(await part.end()), documents };
  };

  const { rows, ...ofRows } = await compareRows();
  // A point in time is lost when Elasticsearch goes away: then the scan begins anew.
  const { documents, ...ofDocuments } = await retry(findExtra);
  return { ...together(ofRows, ofDocuments), rows, documents };
}
