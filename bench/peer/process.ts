import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { peakMemoryMib } from '../bed/process-usage.ts';

/** How far PGSync says to have come. */
export interface Progress {
  /** Changes that its triggers told of. */
  readonly received: number;
  /** Of these, those that wait in Redis. */
  readonly queued: number;
  /** Documents written since it started, those written anew included. */
  readonly written: number;
}

/** A command of PGSync's as a process of its own. Disposing ends it. */
export interface PeerProcess extends AsyncDisposable {
  /** When it first said this, on this process's clock. Rejects when it ends without it. */
  saying(words: string): Promise<number>;
  /** What it last said of itself. */
  readonly progress: Progress;
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
const KEPT_LINES = 40;
const PROGRESS = /Db: \[([\d,]+)\] => Redis: \[([\d,]+)\] => \w+: \[([\d,]+)\]/;

export function startPeer(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): PeerProcess {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, peakMemoryMib(pid));
  };
  const sampling = setInterval(sample, SAMPLE_MS);

  let progress: Progress = { received: 0, queued: 0, written: 0 };
  let isStopped = false;
  const awaited = new Map<string, PromiseWithResolvers<number>>();
  const said: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      const [, ...counts] = PROGRESS.exec(line) ?? [];
      if (counts.length > 0) {
        const [received = 0, queued = 0, written = 0] = counts.map((count) =>
          Number(count.replaceAll(',', '')),
        );
        progress = { received, queued, written };
      } else {
        said.push(line);
        if (said.length > KEPT_LINES) said.shift();
      }
      for (const [words, { resolve }] of awaited) if (line.includes(words)) resolve(performance.now());
    });
  }

  const ended = once(child, 'close').then(([code]: unknown[]) => {
    clearInterval(sampling);
    const failure = new Error(`${args.join(' ')} ended with ${String(code)}:\n${said.join('\n')}`);
    for (const { reject } of awaited.values()) reject(failure);
    if (code !== 0 && !isStopped) throw failure;
  });
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    sample();
    isStopped = true;
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    await ended;
  };

  return {
    saying(words) {
      const waiting = awaited.get(words) ?? Promise.withResolvers<number>();
      waiting.promise.catch(() => undefined);
      awaited.set(words, waiting);
      return waiting.promise;
    },
    get progress() {
      return progress;
    },
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
