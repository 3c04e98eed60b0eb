import { withHolder } from '../service/holder.ts';
import { isDrifting, runVerification, type IndexReport } from '../service/verification.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import type { CommandContext } from './command-line.ts';
import { createProgressDisplay } from './progress.ts';
import { describeReports } from './verify-report.ts';

/** What is the matter: documents that are not what their rows make them. */
const EXIT_DRIFT = 4;

/** Compares every document with its rows; mends what differs where told to. */
export async function verify({ settings, log, stop, flags, stderr, print }: CommandContext): Promise<number> {
  const { repair, json } = flags;
  const indexes = await chosenIndexes(settings.definitionsDir, flags.index);
  const display = createProgressDisplay(stderr);
  let reports: IndexReport[] = [];
  await withHolder({ settings, log, stop }, async (work, signal) => {
    reports = await runVerification({
      settings,
      log,
      indexes,
      repair,
      work,
      onProgress: display,
      signal,
    });
  });
  if (stop.aborted) return 1;
  const drift = reports.some((report) => isDrifting(report, repair));
  print(
    json ? JSON.stringify({ drift, repair, indexes: reports }, null, 2) : describeReports(reports, repair),
  );
  return drift ? EXIT_DRIFT : 0;
}
