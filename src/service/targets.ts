import { compareBasis, type Basis } from '../definition/basis.ts';
import type { IndexPlan, Plan } from '../definition/plan.ts';
import type { IndexAdmin, Origin, PhysicalIndex } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import type { Retry } from '../servers/retry.ts';
import type { Target } from './projection.ts';

/** A physical index that documents are written to, and whether it has still to be filled. */
export interface BuildTarget extends Target {
  readonly state: PhysicalIndex;
  readonly isBuilding: boolean;
  /** What its documents rest on from now on. */
  readonly basis: Basis;
  /** They rest on something else still: each has to be read again. */
  readonly isOutdated: boolean;
}

/**
 * Of an index's physical ones, that which is written to: the one that serves where it was made from this very definition
 * and for this slot; else one that is being built so.
 */
export function currentIndex(
  physicals: readonly PhysicalIndex[],
  { hash }: IndexPlan,
  incarnation: string | undefined,
): PhysicalIndex | undefined {
  const current = physicals.filter((one) => one.hash === hash && one.origin.incarnation === incarnation);
  return current.find(({ serving }) => serving) ?? current.at(-1);
}

/** The current index of every definition, or a new one. An older index serves on until the new one is filled. */
export async function ensureTargets(
  plan: Plan,
  bases: ReadonlyMap<string, Basis>,
  indexes: IndexAdmin,
  origin: Origin,
  retry: Retry,
  log: Logger,
): Promise<BuildTarget[]> {
  const targets: BuildTarget[] = [];
  for (const index of plan.indexes) {
    const basis = bases.get(index.name) ?? { parts: [], filled: [] };
    const state = await retry(
      async () =>
        currentIndex(await indexes.find(index), index, origin.incarnation) ??
        (await indexes.create(index, origin, basis.parts)),
    );
    if (!state.serving) log.info({ index: index.name, physical: state.physical }, 'building an index');
    const { physical, writeAlias } = state;
    const become = state.basis && compareBasis(state.basis, basis);
    const isOutdated = become === 'changed';
    if (isOutdated)
      log.warn({ index: index.name }, 'what its documents rest on has changed; reading all again');
    else if (become !== 'same') await retry(() => indexes.rebase(physical, basis.parts));
    targets.push({ index, physical, writeAlias, state, isBuilding: !state.serving, basis, isOutdated });
  }
  await retry(() => indexes.leaveOthers(new Set(targets.map(({ physical }) => physical))));
  return targets;
}

/** Throws PROJ_USAGE when there is no index of that name. */
export function findTarget(targets: readonly BuildTarget[], name: string): BuildTarget {
  const target = targets.find(({ index }) => index.name === name);
  if (target) return target;
  throw new ProjectorError(
    'PROJ_USAGE',
    `there is no index ${name}`,
    `Choose from: ${targets.map(({ index }) => index.name).join(', ')}.`,
  );
}
