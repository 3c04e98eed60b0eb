import { z } from 'zod';

/** A line of the service's log, as pino writes it. */
const entrySchema = z.looseObject({ level: z.number(), time: z.string(), msg: z.string() });

/** @see https://github.com/pinojs/pino/blob/main/docs/api.md#loggerlevels-object */
const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** The last lines of a service's log in words: `05:16:07 warn  redis failed; retrying  error=…`. Others stay as they are. */
export function lastLogLines(log: string, lines: number): string[] {
  return log
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map(describeLine);
}

function describeLine(line: string): string {
  const entry = entrySchema.safeParse(parseJson(line));
  if (!entry.success) return line;
  const { level, time, msg, ...rest } = entry.data;
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [`${time.slice(11, 19)} ${(levels[level] ?? String(level)).padEnd(5)} ${msg}`, ...details].join(
    '  ',
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
