import { createOverview } from '../service/overview.ts';
import { runService } from '../service/run.ts';
import { watchService } from '../service/watching.ts';
import type { CommandContext } from './main.ts';

/** Follows the slot until it is stopped. */
export async function run({ settings, log, stop, flags }: CommandContext): Promise<number> {
  stop.addEventListener(
    'abort',
    () => {
      log.info('stopping');
      setTimeout(() => {
        log.error(
          { shutdownTimeoutMs: settings.shutdownTimeoutMs },
          'stopping took too long; ending at once',
        );
        process.exit(1);
      }, settings.shutdownTimeoutMs).unref();
    },
    { once: true },
  );
  const overview = createOverview(settings);
  await using resources = new AsyncDisposableStack();
  resources.use(await watchService(settings, overview, log));
  await runService({ settings, log, stop, isStandby: flags.standby, overview });
  log.info('stopped');
  return 0;
}
