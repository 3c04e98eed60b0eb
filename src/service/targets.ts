import { randomUUID } from 'node:crypto';
import { isCovered, type Coverage } from '../checkpoint/coverage.ts';
import { compareBasis, type Basis } from '../definition/basis.ts';
import type { IndexPlan } from '../definition/plan.ts';
import type { IndexAdmin, PhysicalIndex } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { NotNowError } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import { BeginAgainError } from './begin-again.ts';
import { isBefore, type ChartedCourse } from './courses.ts';
import type { Hold } from './hold.ts';
import type { Target } from './projection.ts';
import { isIndexRefusal, type Refusals } from './refused-indexes.ts';
import { endReindex, newReindex, type ReindexStore } from './reindexes.ts';

/** A physical index that documents are written to, and whether it has still to be filled. */
export interface BuildTarget extends Target {
  readonly state: PhysicalIndex;
  readonly isBuilding: boolean;
  /** It serves until another of the same name is filled, and goes then. */
  readonly isBefore: boolean;
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
  const current = physicals.filter(
    (one) => one.hash === hash && one.origin.incarnation === incarnation && !one.isKept,
  );
  return current.find(({ serving }) => serving) ?? current.at(-1);
}

export interface TargetOptions {
  readonly hold: Hold;
  readonly indexes: IndexAdmin;
  readonly reindexes: ReindexStore;
  /** The uuid of the Elasticsearch cluster. */
  readonly cluster: string;
  readonly retry: { readonly elasticsearch: Retry; readonly redis: Retry };
  /** Is told what Elasticsearch refuses to make. */
  readonly refusals: Refusals;
  readonly log: Logger;
}

/**
 * The current index of every definition, or a new one. An older index serves on until the new one is filled; where it can
 * be followed meanwhile, it is a target of its own.
 *
 * @throws BeginAgainError where Elasticsearch has shown that an index does not take a change: it is to be built anew; or
 * that it makes no such index: the session is to go on with the others.
 */
export async function ensureTargets(options: TargetOptions): Promise<BuildTarget[]> {
  const { hold, indexes, retry, log } = options;
  const { plan, courses, bases } = hold;
  const targets: BuildTarget[] = [];
  for (const index of plan.indexes) {
    const course = courses.get(index.alias);
    const basis = bases.get(index.name) ?? { parts: [], filled: [] };
    const state =
      isBefore(index) && course?.serving
        ? await asCovered(options, course.serving)
        : await ensureIndex(options, index, course, basis).catch((error: unknown) =>
            goWithout(options, index, course, error),
          );
    if (!state.serving) log.info({ index: index.alias, physical: state.physical }, 'building an index');
    const { physical, writeAlias } = state;
    const become = state.basis && compareBasis(state.basis, basis);
    const isOutdated = become === 'changed';
    const target = { index, physical, writeAlias, state, basis, isOutdated, isBefore: isBefore(index) };
    if (isOutdated && !target.isBefore && state.serving)
      log.warn({ index: index.alias }, 'what its documents rest on has changed; reading all again');
    else if (!isOutdated && become !== 'same')
      await retry.elasticsearch(() => indexes.rebase(physical, basis.parts));
    targets.push({ ...target, isBuilding: !state.serving });
  }
  for (const target of targets) {
    const { index } = target;
    const isAlone = !targets.some((one) => one !== target && one.index.alias === index.alias);
    if (isAlone && !target.isBuilding) await clearAway(options, target, courses.get(index.alias));
  }
  const followed = new Set(targets.map(({ physical }) => physical));
  for (const { alias, physical } of await retry.elasticsearch(() =>
    indexes.findUnfollowed(followed, hold.origin),
  )) {
    if (!courses.has(alias))
      log.warn({ physical }, 'it has no definition any more; searches find it as it was when it had one');
  }
  return targets;
}

/** Has the session begin again without an index that Elasticsearch does not make. Rejects in any case. */
async function goWithout(
  { hold, refusals, reindexes, retry }: TargetOptions,
  index: IndexPlan,
  course: ChartedCourse | undefined,
  error: unknown,
): Promise<never> {
  if (!isIndexRefusal(error) || hold.plan.indexes.length === 1) throw error;
  refusals.set(index.alias, { hash: index.hash, error });
  const { reindex } = course ?? {};
  if (reindex?.state === 'running' && reindex.isAskedFor) {
    const failed = endReindex(reindex, 'failed', new Date(), error.message);
    await retry.redis(() => reindexes.write(index.alias, failed));
  } else if (reindex?.state === 'running') await retry.redis(() => reindexes.clear(index.alias));
  throw new BeginAgainError(error.message);
}

/** What the resume point may speak for once these are followed. */
export function coverageOf(cluster: string, targets: readonly BuildTarget[]): Coverage {
  return { cluster, indexes: targets.map(({ state }) => state.uuid) };
}

/**
 * An index as it is followed from now on. One that the resume point does not cover has missed changes: it rests on nothing,
 * so that each of its documents is read again, until that has been done, whatever happens meanwhile.
 */
async function asCovered(
  { hold, indexes, cluster, retry, log }: TargetOptions,
  found: PhysicalIndex,
): Promise<PhysicalIndex> {
  const { physical, uuid, serving } = found;
  if (isCovered(hold.coverage, { cluster, uuid })) return found;
  // The time tells one absence from another: what was read again before counts for nothing after it.
  const basis = [{ what: 'not followed', is: `before ${new Date().toISOString()}` }];
  await retry.elasticsearch(() => indexes.rebase(physical, basis));
  if (serving)
    log.warn({ physical }, 'the resume point does not cover this index: it may have missed changes');
  return { ...found, basis };
}

/** Drops what a session that was interrupted has replaced already, or what was given up. */
async function clearAway(
  { indexes, reindexes, retry }: TargetOptions,
  { index, physical }: BuildTarget,
  course: ChartedCourse | undefined,
): Promise<void> {
  const running = course?.reindex?.state === 'running' ? course.reindex : null;
  // What was begun by itself is given up where the definition has become another again.
  const isBuilt = running?.physical === physical;
  const keep = running?.keeps && isBuilt ? running.before : null;
  await retry.elasticsearch(() => indexes.dropOthers(index, physical, { keep, copies: false }));
  if (!running) return;
  await retry.redis(() =>
    isBuilt
      ? reindexes.write(index.alias, endReindex(running, 'done', new Date()))
      : reindexes.clear(index.alias),
  );
}

/** The index that is written to, by its course. */
async function ensureIndex(
  options: TargetOptions,
  index: IndexPlan,
  course: ChartedCourse | undefined,
  basis: Basis,
): Promise<PhysicalIndex> {
  const { hold, indexes, reindexes, retry, log } = options;
  const { origin } = hold;
  const serving = course?.serving;
  const running = course?.reindex?.state === 'running' ? course.reindex : null;
  const begin = newReindex(
    { id: randomUUID(), isAskedFor: false, hash: index.hash, keeps: false },
    new Date(),
  );
  if (serving && (course.kind === 'follow' || course.kind === 'keep')) return asCovered(options, serving);
  if (serving && course.kind === 'amend') {
    const before = await asCovered(options, serving);
    // The time tells one change from another: what was read again before counts for nothing after it.
    const unread = [{ what: 'not read by its definition', is: new Date().toISOString() }];
    const rests = course.readsAgain ? unread : (before.basis ?? []);
    const amended = await retry.elasticsearch(() => indexes.amend(index, before, rests));
    if (amended) return amended;
    await retry.redis(() => reindexes.write(index.alias, begin));
    throw new BeginAgainError(`${serving.physical} does not take the change: it is built anew`);
  }
  const found = await retry.elasticsearch(() => indexes.find(index));
  const others = found.filter(({ physical }) => physical !== serving?.physical);
  const current = currentIndex(course?.kind === 'rebuild' ? others : found, index, origin.incarnation);
  const state = current
    ? await asCovered(options, current)
    : await retry.elasticsearch(() =>
        indexes.create(index, origin, basis.parts).catch((error: unknown) => {
          // With nothing else to do, it is waited for.
          const isToWait =
            hold.plan.indexes.length === 1 && isIndexRefusal(error) && error.code === 'PROJ_SHARD_LIMIT';
          throw isToWait ? new NotNowError(error.message) : error;
        }),
      );
  if (running || course?.kind === 'rebuild') {
    const { physical } = state;
    const before = serving?.physical ?? null;
    const reindex = { ...(running ?? begin), hash: index.hash, physical, before };
    await retry.redis(() => reindexes.write(index.alias, reindex));
    log.info({ index: index.alias, physical, before }, 'building it anew beside the one that serves');
  }
  return state;
}

/** Throws PROJ_USAGE when there is no index of that name. */
export function findTarget(targets: readonly BuildTarget[], name: string): BuildTarget {
  const target = targets.find(({ index }) => index.name === name);
  if (target) return target;
  throw new ProjectorError(
    'PROJ_USAGE',
    `there is no index ${name}`,
    `Choose from: ${targets.flatMap(({ index, isBefore }) => (isBefore ? [] : index.name)).join(', ')}.`,
  );
}

/** Whether the index that one of this name is to replace is followed, too. */
export function hasBefore(targets: readonly BuildTarget[], { alias }: Pick<IndexPlan, 'alias'>): boolean {
  return targets.some(({ index, isBefore }) => isBefore && index.alias === alias);
}
