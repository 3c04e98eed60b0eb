import { setTimeout as delay } from 'node:timers/promises';
import { usage } from './help.ts';
import type { CommandContext } from './command-line.ts';
import { openStatusReader, type StatusReport } from './status-report.ts';
import { renderStatus } from './status-screen.ts';

const WATCH_MS = 1_000;
/** Puts the cursor in the corner and clears what is below. */
const CLEAR = '\u001b[H\u001b[J';

/** Shows how the service, its slot and its indexes are; exit code 0 when the service runs. */
export async function status({ settings, flags, stop, stdout, print }: CommandContext): Promise<number> {
  if (flags.watch && flags.quiet) throw usage('--watch shows what --quiet does not');
  await using reader = openStatusReader(settings);
  if (flags.quiet) return (await reader.isRunning()) ? 0 : 1;

  const isTTY = stdout.isTTY === true;
  const hasColours = isTTY && stdout.hasColors?.() === true;
  const show = (report: StatusReport): void => {
    if (flags.json) return print(JSON.stringify(report, null, flags.watch ? undefined : 2));
    const screen = renderStatus(report, { hasColours, nowMs: Date.now() });
    if (!flags.watch) print(screen);
    else print(isTTY ? `${CLEAR}${screen}` : `${screen}\n`);
  };
  for (;;) {
    const report = await reader.read();
    show(report);
    const ended = flags.watch
      ? await delay(WATCH_MS, false, { signal: stop }).catch(() => stop.aborted)
      : true;
    if (ended) return report.service ? 0 : 1;
  }
}
