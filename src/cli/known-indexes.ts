import { ProjectorError } from '../ops/errors.ts';

/** @throws ProjectorError `PROJ_USAGE` when there is no such index as is asked for. */
export function assertKnownIndexes(asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new ProjectorError(
    'PROJ_USAGE',
    `there is no index ${unknown.join(', ')}`,
    `Choose from: ${known.join(', ')}.`,
  );
}
