import type { SnapshotProgress } from '../snapshot/progress.ts';
import type { Output } from './command-line.ts';

/** How far the work on an index has come. */
export type IndexProgress = Pick<SnapshotProgress, 'done' | 'total' | 'state'>;

const BAR_WIDTH = 30;
const PLAIN_EVERY_MS = 2_000;

/** Shows progress, index by index: a bar on a terminal, else a line every two seconds and at the end. */
export function createProgressDisplay(
  stream: Output,
  now: () => number = Date.now,
): (index: string, progress: IndexProgress) => void {
  const began = new Map<string, { readonly atMs: number; readonly done: number }>();
  let lastPlainMs = -Infinity;
  return (index, progress) => {
    const start = began.get(index) ?? { atMs: now(), done: progress.done };
    began.set(index, start);
    const line = describe(index, progress, (now() - start.atMs) / 1000, progress.done - start.done);
    const isDone = progress.state === 'done';
    if (stream.isTTY) stream.write(`\r\u001b[2K${line}${isDone ? '\n' : ''}`);
    else if (isDone || now() - lastPlainMs >= PLAIN_EVERY_MS) {
      lastPlainMs = now();
      stream.write(`${line}\n`);
    }
  };
}

function describe(
  index: string,
  { done, total, state }: IndexProgress,
  seconds: number,
  sinceStart: number,
): string {
  const share = state === 'done' ? 1 : Math.min(1, total === 0 ? 0 : done / total);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const rate = seconds > 0.2 ? sinceStart / seconds : 0;
  const left = rate > 0 && state !== 'done' ? `, ${Math.ceil((total - done) / rate)} s left` : '';
  const speed = rate > 0 ? `  ${Math.round(rate).toLocaleString('en')}/s` : '';
  return `${index.padEnd(10)} ${bar} ${(share * 100).toFixed(0).padStart(3)} %  ${done.toLocaleString('en')} of ${total.toLocaleString('en')}${speed}${left}`;
}
