import type { ClientBase } from 'pg';
import type { Settings } from '../config/settings.ts';
import { compareDefinitions } from '../definition/changes.ts';
import { keptDefinition, type Definition } from '../definition/load.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { prepareDefinitions } from '../definition/prepare.ts';
import type { DefinitionSpec } from '../definition/schema.ts';
import type { PhysicalIndex } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Reindex } from './reindexes.ts';

/** What there is of one index when a session begins. */
export interface CourseFacts {
  /** The definition as it is now. */
  readonly hash: string;
  readonly definition: DefinitionSpec;
  /** The index that serves, of the slot's incarnation; null without one. */
  readonly serving: Pick<PhysicalIndex, 'physical' | 'hash' | 'definition'> | null;
  /** Whether the definition that it was made from gives the very same documents as it did. */
  readonly isReproducible: boolean;
  readonly reindex: Pick<Reindex, 'state' | 'isAskedFor' | 'hash' | 'physical'> | null;
  /** Whether Elasticsearch refuses the definition as it is now. */
  readonly isRefused: boolean;
  /** DEFINITION_CHANGED. */
  readonly onChange: Settings['definitionChanged'];
}

/** What is to be done with one index. */
export interface Course {
  readonly kind:
    /** It serves as it is defined. */
    | 'follow'
    /** Nothing serves that belongs to this slot: an index is built. */
    | 'build'
    /** It is made into what the definition gives by now, while it serves. */
    | 'amend'
    /** Another is built beside it. Until that one serves it is followed too, where it can be. */
    | 'rebuild'
    /** It is followed by the definition that it was made from. */
    | 'keep'
    /** The same is asked for, and is not possible. */
    | 'stuck'
    /** Elasticsearch refuses the definition, and nothing that serves can be followed: it is left as it is. */
    | 'refused';
  /** What has changed since it was made, in words. */
  readonly what: readonly string[];
  /** Whether its documents are other ones by that. */
  readonly readsAgain: boolean;
}

/**
 * A definition that Elasticsearch refuses builds nothing: where something is to be built or amended by it, the index is
 * kept; where that is not possible, it is left as it is (refused).
 *
 * | serves | reindex | definition since | DEFINITION_CHANGED | then |
 * |---|---|---|---|---|
 * | nothing of this slot | any | any | any | build |
 * | what the reindex has built | running | any | any | follow, and end the reindex |
 * | another | running, asked for | any | any | rebuild |
 * | another | running by itself, for this very definition | changed | rebuild | rebuild |
 * | as defined | otherwise | | | follow |
 * | another | otherwise | the same, but not what it compiles to | any | rebuild |
 * | another | cancelled or failed, for this very definition | changed | rebuild | keep; where that is not possible, rebuild |
 * | another | otherwise | more in it | rebuild | amend; where that is not possible, rebuild |
 * | another | otherwise | incompatible | rebuild | rebuild |
 * | another | otherwise | changed | keep | keep; where that is not possible, stuck |
 */
export function decideCourse(facts: CourseFacts): Course {
  const course = decideByDefinition(facts);
  const isMade = course.kind === 'build' || course.kind === 'amend' || course.kind === 'rebuild';
  if (!facts.isRefused || !isMade) return course;
  return { ...course, kind: facts.serving && facts.isReproducible ? 'keep' : 'refused' };
}

function decideByDefinition(facts: CourseFacts): Course {
  const { hash, definition, serving, isReproducible, reindex, onChange } = facts;
  const unchanged = { what: [], readsAgain: false };
  if (!serving) return { kind: 'build', ...unchanged };
  const isDone = serving.hash === hash;
  const isBuilt = isDone && serving.physical === reindex?.physical;
  const goesOn =
    reindex?.state === 'running' && (reindex.isAskedFor || (reindex.hash === hash && onChange === 'rebuild'));
  if (goesOn && !isBuilt) return { kind: 'rebuild', ...unchanged };
  if (isDone) return { kind: 'follow', ...unchanged };
  const { kind, what } = serving.definition
    ? compareDefinitions(serving.definition, definition)
    : { kind: 'incompatible' as const, what: ['it was made before its definition was kept with it'] };
  const readsAgain = kind !== 'settings';
  if (kind === 'none')
    return { kind: 'rebuild', what: ['what its definition compiles to has changed'], readsAgain };
  if (onChange === 'keep') return { kind: isReproducible ? 'keep' : 'stuck', what, readsAgain };
  const isDeclined = reindex?.hash === hash && (reindex.state === 'cancelled' || reindex.state === 'failed');
  if (isDeclined && isReproducible) return { kind: 'keep', what, readsAgain };
  if (kind !== 'incompatible' && isReproducible) return { kind: 'amend', what, readsAgain };
  return { kind: 'rebuild', what, readsAgain };
}

/** The course of one index, and what it goes by. */
export interface ChartedCourse extends Course {
  readonly index: IndexPlan;
  /** Of this slot. */
  readonly serving: PhysicalIndex | null;
  readonly reindex: Reindex | null;
  /** The definition that the serving index was made from, where it is followed by it. */
  readonly before: Definition | null;
  /** Why Elasticsearch refuses the definition as it is now; null where it does not. */
  readonly refusal: ProjectorError | null;
}

export interface ChartOptions {
  /** The definitions as they are now, compiled. */
  readonly defined: readonly IndexPlan[];
  readonly find: (index: IndexPlan) => Promise<readonly PhysicalIndex[]>;
  readonly readReindex: (index: IndexPlan) => Promise<Reindex | null>;
  /** Does something on a connection that is in no transaction. */
  readonly inPostgres: <T>(work: (client: ClientBase) => Promise<T>) => Promise<T>;
  /** Why Elasticsearch refuses definitions, by their names. */
  readonly refusals: ReadonlyMap<string, ProjectorError>;
  /** The slot's. */
  readonly incarnation: string | null;
  readonly onChange: Settings['definitionChanged'];
}

/** Finds out what there is of each index, and decides. */
export async function chartCourses(options: ChartOptions): Promise<ChartedCourse[]> {
  const { defined, find, readReindex, inPostgres, refusals, incarnation, onChange } = options;
  const courses: ChartedCourse[] = [];
  for (const index of defined) {
    const { hash, definition } = index;
    const serving =
      (await find(index)).find(
        (one) => one.serving && !one.isKept && one.origin.incarnation === incarnation,
      ) ?? null;
    const made =
      serving &&
      (serving.hash === hash ? definition : await inPostgres((client) => recompiled(client, serving)));
    const reindex = await readReindex(index);
    const refusal = refusals.get(index.alias) ?? null;
    const course = decideCourse({
      hash,
      definition,
      serving,
      isReproducible: made !== null,
      reindex,
      isRefused: refusal !== null,
      onChange,
    });
    const isFollowedByIt = course.kind === 'keep' || course.kind === 'rebuild';
    const before = isFollowedByIt && made ? keptDefinition(made, serving.physical) : null;
    courses.push({ ...course, index, serving, reindex, before, refusal });
  }
  return courses;
}

/** The definition that an index was made from, if it still compiles to the very same; else null. */
async function recompiled(
  client: ClientBase,
  { definition, physical, hash }: PhysicalIndex,
): Promise<DefinitionSpec | null> {
  if (!definition) return null;
  try {
    const plan = await prepareDefinitions(client, [keptDefinition(definition, physical)]);
    return plan.indexes.some((index) => index.hash === hash) ? definition : null;
  } catch (error) {
    // It reads what is not there any more.
    if (error instanceof ProjectorError) return null;
    throw error;
  }
}

/** Stands behind the name of an index that is being replaced, which no definition's name can have. */
const BEFORE = '@before';

/** The definitions that a session goes by, that of an index which is being replaced among them. */
export function definitionsOf(
  definitions: readonly Definition[],
  courses: readonly ChartedCourse[],
): readonly Definition[] {
  return definitions.flatMap((definition) => {
    const course = courses.find(({ index }) => index.alias === definition.spec.index);
    if (course?.kind === 'refused') return [];
    if (!course?.before) return definition;
    if (course.kind === 'keep') return course.before;
    return [definition, { ...course.before, as: `${definition.spec.index}${BEFORE}` }];
  });
}

/** Whether this is the plan of an index that is being replaced. */
export function isBefore({ name, alias }: IndexPlan): boolean {
  return name !== alias;
}

/** What is done with an index, for a log or a person. */
export function courseInWords({ kind, serving, before, refusal }: ChartedCourse): string {
  switch (kind) {
    case 'follow':
      return 'serves as it is defined';
    case 'build':
      return serving ? 'is built' : 'is not there yet: it is built';
    case 'amend':
      return 'takes the change while it serves';
    case 'rebuild':
      return before
        ? 'is built anew beside the one that serves, which is followed until then'
        : 'is built anew beside the one that serves, which stays as it is until then';
    case 'refused':
      return serving ? 'stays as it is: Elasticsearch refuses it' : 'is not built: Elasticsearch refuses it';
    case 'keep':
      if (refusal)
        return 'is followed by the definition that it was made from: Elasticsearch refuses the new one';
      return 'goes on by the definition that it was made from';
    case 'stuck':
      return 'cannot go on by the definition that it was made from, as DEFINITION_CHANGED=keep asks';
  }
}

export function stuck({ index, what }: ChartedCourse): ProjectorError {
  return new ProjectorError(
    'PROJ_DEFINITION_CHANGED',
    `the definition of ${index.alias} has changed (${what.join('; ')}), and the index cannot go on by the one that it was made from`,
    'Run `projector reindex --index NAME`, or set DEFINITION_CHANGED=rebuild. Or give the definition, and what it reads, back.',
  );
}
