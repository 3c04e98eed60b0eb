import { type ErrorCode, ProjectorError } from '../ops/errors.ts';

/** A place in a definition file, counted from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a definition. */
export interface Problem {
  readonly code: ErrorCode;
  readonly at: Location;
  readonly message: string;
}

/** Throws one error that names every problem, a line each, in the files' order. Does nothing when there is none. */
export function throwProblems(problems: readonly Problem[]): void {
  const [first] = problems;
  if (!first) return;
  const lines = problems.toSorted(byLocation).map(({ at, message }) => `${formatLocation(at)}: ${message}`);
  throw new ProjectorError(
    first.code,
    [...new Set(lines)].join('\n'),
    lines.length === 1 ? `Correct ${first.at.file}.` : 'Correct the definitions.',
  );
}

export function formatLocation({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

function byLocation({ at: a }: Problem, { at: b }: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** `; did you mean a or b?` for the names nearest to a misspelt one, or the few that there are, or nothing. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = candidates
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(
      ({ candidate, distance: far }) =>
        far <= Math.max(2, Math.floor(name.length / 3)) || (name.length > 2 && candidate.includes(name)),
    )
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
  if (near.length > 0) return `; did you mean ${near.join(' or ')}?`;
  if (candidates.length > 0 && candidates.length <= 12) return `; there are ${candidates.join(', ')}`;
  return '';
}

/** The Levenshtein distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitute, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
