import { definitionChanges } from './definition-changes.ts';
import { schemaChanges } from './schema-changes.ts';

/** What has taken place. */
export interface Tally {
  edits: number;
  documents: number;
  /** By kind, changes of the schema and of the definitions that were made. */
  readonly made: Map<string, number>;
  /** By kind, those that Postgres refused. */
  readonly refused: Map<string, number>;
}

export const kinds: readonly string[] = [
  ...Object.keys(schemaChanges),
  ...Object.keys(definitionChanges).map(ofDefinitions),
];

/** The kind of a change of definitions, apart from those of the schema. */
export function ofDefinitions(kind: string): string {
  return `definitions: ${kind}`;
}

export function newTally(): Tally {
  return { edits: 0, documents: 0, made: new Map(), refused: new Map() };
}

export function count(counts: Map<string, number>, kind: string, times = 1): void {
  counts.set(kind, (counts.get(kind) ?? 0) + times);
}

export function totalOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

/** Adds what has taken place in another run. */
export function addTally(total: Tally, { edits, documents, made, refused }: Tally): void {
  total.edits += edits;
  total.documents += documents;
  for (const [kind, times] of made) count(total.made, kind, times);
  for (const [kind, times] of refused) count(total.refused, kind, times);
}

/** In lines: how often each kind was made, and refused. */
export function describeTally({ edits, documents, made, refused }: Tally): string {
  return [
    `  edits made          ${edits}`,
    `  documents compared  ${documents}`,
    `  changes made        ${totalOf(made)}, and refused by Postgres ${totalOf(refused)}`,
    ...kinds.map(
      (kind) => `    ${kind.padEnd(58)} ${made.get(kind) ?? 0}, refused ${refused.get(kind) ?? 0}`,
    ),
  ].join('\n');
}
