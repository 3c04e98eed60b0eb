import { ProjectorError } from '../ops/errors.ts';
import { loadDefinitions } from '../definition/load.ts';
import { withHolder } from '../service/holder.ts';
import type { CommandContext } from './main.ts';
import { watchProgress } from './watch-progress.ts';

/** Snapshots through the running service, or by itself where none runs. */
export async function snapshot({ settings, log, stop, flags }: CommandContext): Promise<number> {
  const known = (await loadDefinitions(settings.definitionsDir)).map(({ spec }) => spec.index);
  const unknown = flags.index.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `there is no index ${unknown.join(', ')}`,
      `Choose from: ${known.join(', ')}.`,
    );
  }
  const indexes = flags.index.length > 0 ? flags.index : known;
  await using watched = await watchProgress(settings, indexes);
  await withHolder({ settings, log, stop }, (work) => work.snapshot(indexes));
  await watched.show();
  return stop.aborted ? 1 : 0;
}
