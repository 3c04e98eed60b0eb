/** Of several measurements of one thing. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Throws RangeError when there is no measurement. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [min] = sorted;
  const max = sorted.at(-1);
  const below = sorted[Math.ceil(middle) - 1];
  const above = sorted[Math.floor(middle)];
  if (min === undefined || max === undefined || below === undefined || above === undefined) {
    throw new RangeError('a spread needs at least one value');
  }
  return { min, median: (below + above) / 2, max };
}

/** The value that so large a share of the values do not exceed. Throws RangeError when there is no measurement. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (found === undefined) throw new RangeError('a percentile needs at least one value');
  return found;
}

/** A spread with each value rounded to `digits` decimals, for JSON. */
export function roundedSpread(values: readonly number[], digits: number): Spread {
  const { min, median, max } = spread(values);
  return { min: rounded(min, digits), median: rounded(median, digits), max: rounded(max, digits) };
}

/** Rounds to `digits` decimals, for tables and JSON. */
export function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

/** The cells in columns: the first to the left, the others to the right, under a line of headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) =>
        column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width),
      )
      .join('  ')
      .trimEnd();
  return [headings, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

/** A row of a table: what was measured, each time, and its minimum, median and maximum. */
export interface Measured {
  readonly name: string;
  readonly values: readonly number[];
  /** Decimals to show. */
  readonly digits: number;
}

export function measurementsTable(rows: readonly Measured[]): string {
  return table(
    ['', 'min', 'median', 'max', 'each'],
    rows.map(({ name, values, digits }) => {
      const show = (value: number): string =>
        value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
      const { min, median, max } = spread(values);
      return [name, show(min), show(median), show(max), values.map(show).join('  ')];
    }),
  );
}

/** Values beside those that were measured with each of them: the rows of a table, and their ratios. */
export function beside(
  own: Measured,
  other: Measured,
  ratioDigits = 3,
): { readonly rows: readonly Measured[]; readonly ratios: readonly number[] } {
  const ratios = own.values.map((value, run) => value / (other.values[run] ?? NaN));
  return {
    rows: [
      own,
      { ...other, name: `  ${other.name}` },
      { name: '  ratio', values: ratios, digits: ratioDigits },
    ],
    ratios,
  };
}
