import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { postGuard } from '../stack/guard.ts';
import { checkout } from '../stack/paths.ts';
import { lastLogLines } from './service-log.ts';

/** `projector run` as a process of its own. Disposing stops it. */
export interface Service extends AsyncDisposable {
  readonly pid: number;
  /** The file that holds its log. */
  readonly log: string;
  /** Aborted when the service ends before it is told to; the reason is an Error with the end of its log. */
  readonly died: AbortSignal;
}

const command = join(checkout, 'src/cli/main.ts');
const shownLogLines = 12;
/** A little longer than what the service gives itself (SHUTDOWN_TIMEOUT_MS). */
const stopTimeoutMs = 25_000;

/**
 * Starts the service in `folder`, which then holds its log and must be there. It sees `settings` and nothing else of
 * this process's environment, nor an `.env` of the checkout.
 */
export async function startService(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<Service> {
  const log = join(folder, 'service.log');
  // Should this process be killed, the guard stops the service and removes the folder.
  const guard = postGuard('SIGTERM', folder);
  await using output = await open(log, 'a');
  const child = spawn(process.execPath, [command, 'run'], {
    cwd: folder,
    env: settings,
    // Out of reach of the terminal's Ctrl-C, so that it is stopped in order.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  const death = new AbortController();
  let stopping = false;
  const ended = once(child, 'exit').then(async () => {
    if (stopping) return;
    const last = lastLogLines(await readFile(log, 'utf8'), shownLogLines);
    const { exitCode, signalCode } = child;
    const how = signalCode === null ? `with exit code ${exitCode ?? 0}` : `by ${signalCode}`;
    death.abort(
      new Error(
        `the service has ended ${how}. The end of its log:\n${last.map((line) => `  ${line}`).join('\n')}`,
      ),
    );
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  guard.watch(pid);
  return {
    pid,
    log,
    died: death.signal,
    [Symbol.asyncDispose]: async () => {
      stopping = true;
      child.kill('SIGTERM');
      const patience = new AbortController();
      const impatient = delay(stopTimeoutMs, undefined, { signal: patience.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await ended;
      patience.abort();
      await impatient;
      guard.dismiss();
    },
  };
}
