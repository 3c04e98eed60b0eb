import { styleText } from 'node:util';

/** Where the demo tells its story: plain text, with colours where the stream is a terminal that shows them. */
export interface Screen {
  readonly stream: NodeJS.WriteStream;
  /** Begins a chapter: what happens now, and why, in a line or more each. */
  chapter(title: string, ...why: readonly string[]): void;
  say(line?: string): void;
  /** Writes a part of a line, the rest of which is still to come. */
  begin(text: string): void;
  /** What matters in a line. */
  strong(text: string): string;
  /** What is good news. */
  good(text: string): string;
  /** What may be passed over. */
  faint(text: string): string;
}

const ruleWidth = 96;

export function createScreen(stream: NodeJS.WriteStream): Screen {
  const style =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      styleText(format, text, { stream });
  const faint = style('dim');
  const say = (line = ''): void => void stream.write(`${line}\n`);
  return {
    stream,
    chapter(title, ...why) {
      say(`\n${style(['bold', 'cyan'])(`── ${title} `.padEnd(ruleWidth, '─'))}`);
      for (const line of why) say(faint(line));
    },
    say,
    begin: (text) => void stream.write(text),
    strong: style('bold'),
    good: style('green'),
    faint,
  };
}

/** 36273 as `36,273`. */
export const count = (number: number): string => number.toLocaleString('en-US');

/** 412.3 as `412 ms`, 1234.5 as `1.23 s`. */
export function duration(ms: number): string {
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
}

/** Cells under each other, two spaces between the columns. */
export function align(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The text within `width` characters, its end left out for an ellipsis where it is longer. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
