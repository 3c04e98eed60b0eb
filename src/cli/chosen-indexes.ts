import { loadDefinitions } from '../definition/load.ts';
import { ProjectorError } from '../ops/errors.ts';

/** The indexes that `--index` names; all that have a definition where it names none. `others` have none any more. */
export async function chosenIndexes(
  directory: string,
  named: readonly string[],
  others: Iterable<string> = [],
): Promise<readonly string[]> {
  const known = (await loadDefinitions(directory)).map(({ spec }) => spec.index);
  const unknown = named.filter((name) => ![...known, ...others].includes(name));
  if (unknown.length > 0) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `there is no index ${unknown.join(', ')}`,
      `Choose from: ${known.join(', ')}.`,
    );
  }
  return named.length > 0 ? named : known;
}
