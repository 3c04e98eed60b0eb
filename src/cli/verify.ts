import { whereverItRuns } from '../service/holder.ts';
import { askService } from '../service/requests.ts';
import { runService } from '../service/run.ts';
import { isDrifting, runVerification, type Verification } from '../service/verification.ts';
import type { HolderWork } from '../service/work.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import type { CommandContext } from './command-line.ts';
import { createProgressDisplay } from './progress.ts';
import { describeVerification } from './verify-report.ts';

/** What is the matter: documents that are not what their rows make them. */
const EXIT_DRIFT = 4;

/** Compares every document with its rows; repairs what differs where told to, and else changes nothing. */
export async function verify({ settings, log, stop, flags, stderr, print }: CommandContext): Promise<number> {
  const { repair, json } = flags;
  const indexes = await chosenIndexes(settings.definitionsDir, flags.index);
  const onProgress = createProgressDisplay(stderr);
  let verification: Verification = { reports: [], unfollowed: null };
  const compare = async (work: HolderWork | null, signal: AbortSignal): Promise<void> => {
    verification = await runVerification({ settings, log, indexes, repair, work, onProgress, signal });
  };
  await whereverItRuns(
    { settings, log, stop },
    {
      running: (redis, retry) =>
        compare(askService({ redis, name: settings.name, retry, signal: stop }), stop),
      alone: () =>
        repair ? runService({ settings, log, stop, task: compare, mayCreate: false }) : compare(null, stop),
    },
  );
  if (stop.aborted) return 1;
  const { reports, unfollowed } = verification;
  const drift = reports.some((report) => isDrifting(report, repair));
  print(
    json
      ? JSON.stringify({ drift, repair, unfollowed, indexes: reports }, null, 2)
      : describeVerification(verification, repair),
  );
  return drift ? EXIT_DRIFT : 0;
}
