import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from '../../dev/stack/paths.ts';
import type { Bed } from './bed.ts';
import { cpuSeconds, peakMemoryMib } from './process-usage.ts';

/** A moment that the service tells of, with what it and the servers had used by then. */
export interface Moment {
  /** On this process's clock. */
  readonly atMs: number;
  readonly cpu: Cpu;
}

/** CPU seconds so far. */
export interface Cpu {
  readonly service: number;
  readonly postgres: number;
  readonly elasticsearch: number;
}

/** A projector command as a process of its own. Disposing ends it. */
export interface Service extends AsyncDisposable {
  /** When it first says this on stderr. Rejects when the process ends without it. */
  saying(words: string): Promise<Moment>;
  /** This one. */
  moment(): Moment;
  /** The most resident memory so far, in MiB. */
  readonly peakMemoryMib: number;
  /** Resolves when it has ended with 0; rejects, with the end of what it said, when otherwise. */
  readonly ended: Promise<void>;
  /** Has it stand still, and go on. */
  hold(): void;
  goOn(): void;
  stop(): Promise<void>;
}

const SAMPLE_MS = 20;
const KEPT_LINES = 20;

/** Runs `projector <command…>` with the bed's settings and nothing else of the environment's. */
export function startService(
  bed: Bed,
  command: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Service {
  const child = spawn(process.execPath, [join(checkout, 'src/cli/main.ts'), ...command], {
    // Where no .env lies.
    cwd: bed.folder,
    env: { ...programEnvironment(), ...bed.env, LOG_LEVEL: 'info', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const pid = child.pid ?? 0;
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, peakMemoryMib(pid));
  };
  const sampling = setInterval(sample, SAMPLE_MS);

  const moment = (): Moment => ({ atMs: performance.now(), cpu: cpuOf(pid, bed.servers.pids) });
  const awaited = new Map<string, PromiseWithResolvers<Moment>>();
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > KEPT_LINES) said.shift();
    for (const [words, { resolve }] of awaited) {
      if (line.includes(words)) resolve(moment());
    }
  });

  const ended = once(child, 'close').then(([code]: unknown[]) => {
    clearInterval(sampling);
    const failure = new Error(
      `projector ${command.join(' ')} ended with ${String(code)}:\n${said.join('\n')}`,
    );
    for (const { reject } of awaited.values()) reject(failure);
    if (code !== 0) throw failure;
  });
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    sample();
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    child.kill('SIGCONT');
    await ended;
  };

  return {
    saying(words) {
      const waiting = awaited.get(words) ?? Promise.withResolvers<Moment>();
      waiting.promise.catch(() => undefined);
      awaited.set(words, waiting);
      return waiting.promise;
    },
    moment,
    get peakMemoryMib() {
      sample();
      return peak;
    },
    ended,
    hold: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: () => stop().catch(() => undefined),
  };
}

/** The CPU seconds used between two moments. */
export function cpuBetween({ cpu: from }: Moment, { cpu: to }: Moment): Cpu {
  return {
    service: to.service - from.service,
    postgres: to.postgres - from.postgres,
    elasticsearch: to.elasticsearch - from.elasticsearch,
  };
}

/** Runs a projector command to its end. */
export async function runService(bed: Bed, ...command: string[]): Promise<void> {
  await startService(bed, command).ended;
}

function programEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', NODE_OPTIONS = '' } = process.env;
  return { PATH, HOME, NODE_OPTIONS };
}

function cpuOf(service: number, { postgres, elasticsearch }: Bed['servers']['pids']): Cpu {
  return {
    service: cpuSeconds(service),
    postgres: cpuSeconds(postgres),
    elasticsearch: cpuSeconds(elasticsearch),
  };
}
