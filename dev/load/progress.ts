/** What progress is written to; `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  /** Films loaded so far. */
  update(films: number): void;
  /** Ends the line that is being rewritten, if there is one. */
  end(): void;
}

/**
 * Says how far a load is: on a terminal in one line that is rewritten every fifth of a second, elsewhere in a line
 * of its own every five seconds. `total` is undefined where nobody knows it. `now` is in milliseconds.
 */
export function showProgress(
  terminal: Terminal,
  total: number | undefined,
  now: () => number = performance.now.bind(performance),
): Progress {
  const rewrites = terminal.isTTY === true;
  const pauseMs = rewrites ? 200 : 5000;
  const startedAt = now();
  let shownAt = startedAt;
  let open = false;
  return {
    update(films) {
      const at = now();
      if (at - shownAt < pauseMs) return;
      shownAt = at;
      const perSecond = Math.round((films * 1000) / (at - startedAt));
      const share = total === undefined ? '' : ` of ${count(total)} (${Math.floor((films / total) * 100)} %)`;
      const line = `${count(films)}${share} films, ${count(perSecond)} a second`;
      terminal.write(rewrites ? `\r\x1b[K${line}` : `${line}\n`);
      open = rewrites;
    },
    end() {
      if (open) terminal.write('\r\x1b[K');
      open = false;
    },
  };
}

/** 36273 as `36,273`. */
export const count = (number: number): string => number.toLocaleString('en-US');
