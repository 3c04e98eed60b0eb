import type { IndexPlan } from '../definition/plan.ts';
import type { DeadLetters } from '../loader/dead-letters.ts';
import type { Loader } from '../loader/loader.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { Telemetry } from '../ops/metrics.ts';
import type { PreparedQuery } from '../resolver/keys.ts';
import { resolve, type ResolvedDocument } from '../resolver/resolver.ts';
import type { Lsn } from '../shared/lsn.ts';

/** Where an index's documents are written. */
export interface Target {
  readonly index: IndexPlan;
  readonly physical: string;
  readonly writeAlias: string;
}

/** How many documents came to what, since the service began. */
export interface ProjectionCounts {
  written: number;
  superseded: number;
  refused: number;
}

export interface ProjectionOptions {
  readonly query: PreparedQuery;
  /** Documents are read in portions of about so many bytes. */
  readonly maxBytes: number;
  readonly loader: Loader;
  readonly deadLetters: DeadLetters;
  /** Every commit that ends at or before this LSN has passed the gate. */
  readonly settled: () => Lsn;
  readonly counts: ProjectionCounts;
  readonly telemetry: Telemetry;
  readonly now: () => number;
}

interface Portion {
  readonly again: readonly string[];
  readonly read: number;
}

/** So many times as many documents are asked for as could be read before. */
const GROWTH = 2;

/** Reads documents as they are now and writes them; settles when each is accepted, superseded or dead-lettered. */
export type Project = (target: Target, ids: readonly string[]) => Promise<void>;

/**
 * Stream and snapshot alike project through here, and nothing else writes a document. The version is taken before the
 * read: all that had passed the gate by then is visible to it (invariants 1 and 3).
 *
 * Postgres makes all documents that it is asked for before it counts their bytes. So where the last ones were large, fewer
 * are asked for; and where each is a portion by itself, one after the other. Where Postgres fails for a row, those
 * before it are read first; then it is alone, and set aside; then the others, more and more of them at once.
 */
export function createProjection(options: ProjectionOptions): Project {
  const { query, maxBytes, loader, deadLetters, settled, counts, telemetry, now } = options;
  const sizes = new Map<string, number>();
  const inTurn = createTurns();

  /** Gives the ids that have to be read again, and how many were read. */
  const portion = async (target: Target, ids: readonly string[]): Promise<Portion> => {
    const version = settled();
    const readAtMs = now();
    const resolved = await resolve(query, target.index, ids, maxBytes);
    failpoint('after-read');
    const readMs = now();
    telemetry.stage('read', readMs - readAtMs);
    if (resolved.documents.length > 0) sizes.set(target.physical, averageLength(resolved.documents));
    const result = await loader({ writeAlias: target.writeAlias, resolved, version, readAtMs });
    failpoint('after-bulk');
    telemetry.stage('write', now() - readMs);
    counts.written += result.accepted;
    counts.superseded += result.superseded;
    counts.refused += result.refused.length;
    const again = [...resolved.unread, ...result.expired];
    const unaccepted = new Set([...again, ...result.refused.map(({ id }) => id)]);
    const unsettled = await deadLetters.settle({
      index: target.index.alias,
      physical: target.physical,
      refused: result.refused,
      accepted: unaccepted.size > 0 ? ids.filter((id) => !unaccepted.has(id)) : ids,
      version,
      readAtMs,
    });
    return { again: [...again, ...unsettled], read: ids.length - resolved.unread.length };
  };

  return async (target, ids) => {
    let left = ids;
    let most = ids.length;
    while (left.length > 0) {
      const fitting = Math.floor(maxBytes / (sizes.get(target.physical) ?? 1));
      const atOnce = Math.max(1, Math.min(fitting, most));
      const some = left.slice(0, atOnce);
      const { again, read } = await (fitting <= 1
        ? inTurn(() => portion(target, some))
        : portion(target, some));
      left = [...again, ...left.slice(some.length)];
      most = GROWTH * Math.max(1, read);
    }
  };
}

function averageLength(documents: readonly ResolvedDocument[]): number {
  return documents.reduce((length, { json }) => length + json.length, 0) / documents.length;
}

/** Does one thing after the other. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work, work);
    last = done;
    return done;
  };
}
