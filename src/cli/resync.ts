import { runService } from '../service/run.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import type { CommandContext } from './command-line.ts';
import { watchProgress } from './watch-progress.ts';

/** Makes a new slot, and new indexes beside the old ones, and ends when they serve (invariant 7's way out). */
export async function resync({ settings, log, stop, stderr }: CommandContext): Promise<number> {
  await using watched = await watchProgress(
    settings,
    await chosenIndexes(settings.definitionsDir, []),
    stderr,
  );
  await runService({ settings, log, stop, startOver: 'beside', task: (work) => work.snapshot([]) });
  await watched.show();
  return stop.aborted ? 1 : 0;
}
