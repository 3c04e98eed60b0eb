import { isDeepStrictEqual } from 'node:util';

/**
 * The names of the fields in which two documents differ, given as JSON text; none when they are the same. The order of an
 * object's members does not matter, nor how a number is written (1.0 is 1); its value does, to the last digit.
 */
export function differingFields(stored: string, expected: string): string[] {
  if (stored === expected) return [];
  const a = parseExactly(stored);
  const b = parseExactly(expected);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (name) => Object.hasOwn(a, name) !== Object.hasOwn(b, name) || !isDeepStrictEqual(a[name], b[name]),
  );
}

/** Numbers stand under a key that no JSON has. */
const NUMBER = Symbol('number');

/** Parses JSON without rounding its numbers. */
function parseExactly(text: string): Readonly<Record<string, unknown>> {
  const keepNumber = (_name: string, value: unknown, { source }: { readonly source?: string }): unknown =>
    typeof value === 'number' ? { [NUMBER]: canonicalNumber(source ?? String(value)) } : value;
  return JSON.parse(text, keepNumber as Parameters<typeof JSON.parse>[1]) as Record<string, unknown>;
}

/** One text for all ways to write the same number: its digits without zeros around them, and a power of ten. */
export function canonicalNumber(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}
