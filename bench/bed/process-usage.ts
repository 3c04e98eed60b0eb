import { readFileSync, readdirSync } from 'node:fs';

const MIB = 1024 * 1024;

/** Clock ticks a second, as Linux tells them to every program. */
const TICKS = 100;

/** The most resident memory that a Linux process has had so far, in MiB; 0 when it is gone. */
export function peakMemoryMib(pid: number): number {
  return (Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024) / MIB;
}

/**
 * The CPU time that a Linux process and its children have used, in seconds: those that run, and those that it has seen end.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html fields 4 (ppid) and 14 to 17 (the times)
 */
export function cpuSeconds(pid: number): number {
  const own = statOf(pid);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter(({ parent }) => parent === pid);
  const ticks = children.reduce((sum, { ticks }) => sum + ticks, own.ticks + own.endedChildrenTicks);
  return ticks / TICKS;
}

function statOf(pid: number): { parent: number; ticks: number; endedChildrenTicks: number } {
  const stat = read(`/proc/${pid}/stat`);
  // The second field, the program's name, is in parentheses and may contain anything.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { parent: field(4), ticks: field(14) + field(15), endedChildrenTicks: field(16) + field(17) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
