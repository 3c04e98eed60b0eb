import { createOverview, type Overview } from '../service/overview.ts';
import { runService, type ServiceOptions } from '../service/run.ts';
import { watchService } from '../service/watching.ts';
import type { CommandContext } from './command-line.ts';

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
  await runWatched({ settings, log, stop, isStandby: flags.standby, overview: createOverview(settings) });
  log.info('stopped');
  return 0;
}

/** The service, and all that watches it: its probes, and what answers by HTTP. */
export async function runWatched(options: ServiceOptions & { readonly overview: Overview }): Promise<void> {
  await using resources = new AsyncDisposableStack();
  resources.use(await watchService(options.settings, options.overview, options.log));
  await runService(options);
}
