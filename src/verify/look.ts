import type { IndexPlan } from '../definition/plan.ts';
import type { KeptSource } from '../loader/kept-source.ts';
import { readStored, type StoredDocument } from '../loader/stored-documents.ts';
import type { PreparedQuery } from '../resolver/keys.ts';
import { readRowVersions, resolve } from '../resolver/resolver.ts';
import type { Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import { slices } from '../shared/slices.ts';
import { differingFields } from './compare.ts';
import type { Drift } from './findings.ts';

/** A document that differs from its rows at a look, which may be because the stream has still to bring a change. */
export interface Suspect extends Drift {
  /**
   * What must be the same once the stream has covered the look: the revision of the document; where there is none, the
   * version of the root's row.
   */
  readonly seenAt: string;
}

/**
 * Looks at documents and their rows.
 *
 * Why a suspect that is confirmed is drift, whatever is edited meanwhile:
 *
 * A document is looked at before its rows. It was made from rows that were read before it was written, so it has no commit
 * that the rows do not have. Once everything up to an LSN taken after the reading of the rows is durable, it must have
 * every commit that they have, too (invariant 1). If it is still the same revision then, it was made from just the rows
 * that it was compared with, and must be the same as they.
 *
 * A document that is not there has no revision. But a row that was there before the LSN was taken and is there once it is
 * covered, and was not deleted and inserted again in between (its xmin is the same), must have its document by then.
 */
export interface Eyes {
  /** Compares documents with their rows, and gives those that differ. */
  look(ids: readonly string[]): Promise<Suspect[]>;
  /**
   * Once the stream has covered the look: those of the suspects that differ indeed. The others have changed since, and are
   * to be looked at again.
   */
  confirm(suspects: readonly Suspect[]): Promise<ReadonlySet<Suspect>>;
}

export interface EyesOptions {
  readonly index: IndexPlan;
  readonly physical: string;
  readonly query: PreparedQuery;
  /** How the index keeps its documents. */
  readonly kept: KeptSource;
  readonly elasticsearch: Elasticsearch;
  readonly retry: Retry;
  readonly signal: AbortSignal;
}

/** Documents read at once: so many, but no more than are about as many bytes as this, going by those before. */
const MAX_AT_ONCE = 1_000;
const BYTES_AT_ONCE = 8 * 2 ** 20;
/** From one on, and so many times as many as before. */
const GROWTH = 4;

export function createEyes(options: EyesOptions): Eyes {
  const { index, physical, query, kept, elasticsearch, retry, signal } = options;
  let atOnce = 1;

  const readDocuments = (
    ids: readonly string[],
    withSource: boolean,
  ): Promise<ReadonlyMap<string, StoredDocument>> => {
    signal.throwIfAborted();
    return retry(() =>
      readStored(elasticsearch, physical, ids, {
        withSource,
        withVectors: withSource && kept.leavesOutVectors,
        signal,
      }),
    );
  };

  const lookAt = async (
    ids: readonly string[],
  ): Promise<{ readonly suspects: readonly Suspect[]; readonly unread: readonly string[] }> => {
    const stored = await readDocuments(ids, true);
    const { documents, missing, unmade, unread } = await resolve(query, index, ids, BYTES_AT_ONCE);
    const suspects: Suspect[] = [];
    const absent: string[] = [];
    let length = 0;
    for (const { id, json } of documents) {
      length += json.length;
      const document = stored.get(id);
      const fields = document ? differingFields(document.source, json, kept) : [];
      if (!document) absent.push(id);
      else if (fields.length > 0) suspects.push({ kind: 'stale', id, fields, seenAt: document.revision });
    }
    for (const id of missing) {
      const document = stored.get(id);
      if (document) suspects.push({ kind: 'extra', id, fields: [], seenAt: document.revision });
    }
    // They are dead letters once the stream has covered the look.
    for (const { id } of unmade) {
      const document = stored.get(id);
      if (!document) absent.push(id);
      else suspects.push({ kind: 'stale', id, fields: [], seenAt: document.revision });
    }
    for (const [id, seenAt] of await readRowVersions(query, index, absent)) {
      suspects.push({ kind: 'missing', id, fields: [], seenAt });
    }
    const average = length / Math.max(1, documents.length);
    const read = unread.length > 0 ? ids.length - unread.length : atOnce;
    const most = Math.min(MAX_AT_ONCE, GROWTH * read, Math.floor(BYTES_AT_ONCE / average));
    atOnce = Math.max(1, most);
    return { suspects, unread };
  };

  return {
    async look(ids) {
      const suspects: Suspect[] = [];
      for (let left = ids; left.length > 0;) {
        const some = left.slice(0, atOnce);
        const looked = await lookAt(some);
        suspects.push(...looked.suspects);
        left = [...looked.unread, ...left.slice(some.length)];
      }
      return suspects;
    },
    async confirm(suspects) {
      const confirmed = new Set<Suspect>();
      for (const some of slices(suspects, MAX_AT_ONCE)) {
        const stored = await readDocuments(
          some.map(({ id }) => id),
          false,
        );
        const absent = some.filter(({ kind, id }) => kind === 'missing' && !stored.has(id));
        const versions = await readRowVersions(
          query,
          index,
          absent.map(({ id }) => id),
        );
        for (const suspect of some) {
          const { kind, id, seenAt } = suspect;
          const now = kind === 'missing' ? versions.get(id) : stored.get(id)?.revision;
          if (now === seenAt) confirmed.add(suspect);
        }
      }
      return confirmed;
    },
  };
}
