import { setTimeout as delay } from 'node:timers/promises';
import type { Basis } from '../definition/basis.ts';
import type { IndexPlan } from '../definition/plan.ts';
import type { DryRun } from '../loader/dry-run.ts';
import { ProjectorError, type ErrorCode } from '../ops/errors.ts';

/** An index that Elasticsearch has refused to make, by the name of its definition: kept from session to session. */
export type Refusals = Map<string, { readonly hash: string; readonly error: ProjectorError }>;

/** An index that is not made, so that the others go on without it. */
export interface RefusedIndex {
  readonly index: IndexPlan;
  readonly basis: Basis;
  readonly error: ProjectorError;
}

const CODES: ReadonlySet<ErrorCode> = new Set(['PROJ_INDEX_REFUSED', 'PROJ_SHARD_LIMIT'] as const);

export function isIndexRefusal(error: unknown): error is ProjectorError {
  return error instanceof ProjectorError && CODES.has(error.code);
}

/**
 * Which of the definitions Elasticsearch refuses, by their names: those that it has refused to make and that have not
 * changed since, and those that it would refuse, which is found without making anything. Of a definition by which an
 * index has been made already it is not asked again.
 */
export async function findRefusals(
  defined: readonly IndexPlan[],
  refusals: Refusals,
  isMade: (index: IndexPlan) => boolean,
  tryOut: (index: IndexPlan) => Promise<Pick<DryRun, 'refusal'>>,
): Promise<ReadonlyMap<string, ProjectorError>> {
  const found = new Map<string, ProjectorError>();
  for (const index of defined) {
    const { alias, hash } = index;
    const made = refusals.get(alias);
    if (made?.hash !== hash) refusals.delete(alias);
    const wouldBe = isMade(index) ? null : (await tryOut(index)).refusal;
    const error = wouldBe ?? refusals.get(alias)?.error;
    if (error) found.set(alias, error);
  }
  return found;
}

export interface RefusedWatchOptions {
  readonly refused: readonly RefusedIndex[];
  readonly refusals: Refusals;
  readonly tryOut: (index: IndexPlan) => Promise<Pick<DryRun, 'refusal'>>;
  readonly create: (refused: RefusedIndex) => Promise<unknown>;
  /** Told that an index is not refused any more. */
  readonly onTaken: (alias: string) => void;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 5_000;

/**
 * Tries again what was refused, until one is not any more or aborted: a template may have been changed, or room been
 * made. What a trial alone does not show (the number of shards) is shown by making the index.
 */
export async function watchRefused(options: RefusedWatchOptions): Promise<void> {
  const { refused, refusals, tryOut, create, onTaken, signal } = options;
  while (refused.length > 0) {
    await delay(INTERVAL_MS, undefined, { signal });
    for (const one of refused) {
      const { alias } = one.index;
      if ((await tryOut(one.index)).refusal) continue;
      if (refusals.has(alias)) {
        const isMade = await create(one).then(
          () => true,
          (error: unknown) => {
            if (isIndexRefusal(error)) return false;
            throw error;
          },
        );
        if (!isMade) continue;
        refusals.delete(alias);
      }
      return onTaken(alias);
    }
  }
}

/** Throws one error that names every refusal, a line each. Does nothing when there is none. */
export function throwRefusals(refusals: ReadonlyMap<string, ProjectorError>): void {
  const [first, ...others] = refusals.values();
  if (!first) return;
  if (others.length === 0) throw first;
  const all = [first, ...others];
  const fixes = [...new Set(all.map(({ fix }) => fix))];
  throw new ProjectorError(first.code, all.map(({ message }) => message).join('\n'), fixes.join('\n'));
}
