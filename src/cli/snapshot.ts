import { withHolder } from '../service/holder.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import type { CommandContext } from './main.ts';
import { watchProgress } from './watch-progress.ts';

/** Snapshots through the running service, or by itself where none runs. */
export async function snapshot({ settings, log, stop, flags }: CommandContext): Promise<number> {
  const indexes = await chosenIndexes(settings.definitionsDir, flags.index);
  await using watched = await watchProgress(settings, indexes);
  await withHolder({ settings, log, stop }, (work) => work.snapshot(indexes));
  await watched.show();
  return stop.aborted ? 1 : 0;
}
