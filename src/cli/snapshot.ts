import { withHolder } from '../service/holder.ts';
import { partProgressName } from '../service/snapshots.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import { usage } from './help.ts';
import type { CommandContext } from './command-line.ts';
import { watchProgress } from './watch-progress.ts';

/** Snapshots through the running service, or by itself where none runs. */
export async function snapshot(context: CommandContext): Promise<number> {
  const { settings, log, stop, flags, stderr } = context;
  const { where } = flags;
  if (where !== undefined) return snapshotPart(context, where);
  const indexes = await chosenIndexes(settings.definitionsDir, flags.index);
  await using watched = await watchProgress(settings, indexes, stderr);
  await withHolder({ settings, log, stop }, (work) => work.snapshot(indexes));
  await watched.show();
  return stop.aborted ? 1 : 0;
}

/** Reads the documents of those rows of one index's root again that a condition holds for. */
async function snapshotPart(
  { settings, log, stop, flags, stderr }: CommandContext,
  where: string,
): Promise<number> {
  const [index, ...others] = flags.index;
  if (index === undefined || others.length > 0) throw usage('--where goes with one --index');
  await chosenIndexes(settings.definitionsDir, [index]);
  await using watched = await watchProgress(settings, [partProgressName(index)], stderr);
  await withHolder({ settings, log, stop }, (work) => work.snapshotPart(index, where));
  await watched.show();
  return stop.aborted ? 1 : 0;
}
