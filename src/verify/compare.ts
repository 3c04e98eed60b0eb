import { isDeepStrictEqual } from 'node:util';
import { KEPT_WHOLE, type KeptSource } from '../loader/kept-source.ts';

/**
 * The names of the fields in which two documents differ, given as JSON text; none when they are the same. The order of an
 * object's members does not matter, nor how a number is written (1.0 is 1); its value does, to the last digit. What the
 * index does not give back as it was given it is not compared, and vectors are as precise as they are kept.
 */
export function differingFields(stored: string, expected: string, kept: KeptSource = KEPT_WHOLE): string[] {
  if (stored === expected || kept.changedBy !== null) return [];
  const a = parseExactly(stored);
  const b = parseExactly(expected);
  // Comes with the vectors that are asked for.
  if (kept.leavesOutVectors) delete a['_inference_fields'];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (name) => !isSame(ownValue(a, name), ownValue(b, name), name, kept),
  );
}

type Members = Record<string, unknown>;

/** Numbers stand under a key that no JSON has. */
const NUMBER = Symbol('number');

/** Parses JSON without rounding its numbers. */
function parseExactly(text: string): Members {
  const keepNumber = (_name: string, value: unknown, { source }: { readonly source?: string }): unknown =>
    typeof value === 'number' ? { [NUMBER]: canonicalNumber(source ?? String(value)) } : value;
  return JSON.parse(text, keepNumber as Parameters<typeof JSON.parse>[1]) as Members;
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

/** Undefined where it is not there, which no JSON is. */
function ownValue(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function isSame(stored: unknown, expected: unknown, path: string, kept: KeptSource): boolean {
  if (isDeepStrictEqual(stored, expected)) return true;
  const left = leaveOut(expected, path, kept);
  // Where nothing is left out of what is expected, nothing was left out of it when it was stored.
  return isDeepStrictEqual(left, expected)
    ? isAlike(stored, expected, path, kept.vectors)
    : isAlike(withoutEmpty(leaveOut(stored, path, kept)), withoutEmpty(left), path, kept.vectors);
}

/** A value without what `_source` leaves out of it; undefined where that is all. */
function leaveOut(value: unknown, path: string, { includes, excludes }: KeptSource): unknown {
  const walk = (part: unknown, at: string, isAboveIncluded: boolean): unknown => {
    if (excludes.match(at)) return undefined;
    const isIncluded = isAboveIncluded || includes.match(at);
    if (Array.isArray(part)) {
      const elements: unknown[] = part;
      return elements.map((element) => walk(element, at, isIncluded)).filter((one) => one !== undefined);
    }
    if (!isMembers(part)) return isIncluded ? part : undefined;
    const members = Object.entries(part).map(
      ([name, one]) => [name, walk(one, `${at}.${name}`, isIncluded)] as const,
    );
    return Object.fromEntries(members.filter(([, one]) => one !== undefined));
  };
  const isWhole = includes.texts.length + excludes.texts.length === 0;
  return isWhole ? value : walk(value, path, includes.texts.length === 0);
}

/** Elasticsearch keeps some of the objects and lists that nothing is left in, and some it does not. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) {
    const elements = value.map(withoutEmpty).filter((one) => one !== undefined);
    return elements.length === 0 ? undefined : elements;
  }
  if (!isMembers(value)) return value;
  const members = Object.entries(value)
    .map(([name, one]) => [name, withoutEmpty(one)] as const)
    .filter(([, one]) => one !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** The same, but for vectors, which are the same to the precision that they are kept in. */
function isAlike(stored: unknown, expected: unknown, path: string, vectors: KeptSource['vectors']): boolean {
  const precision = vectors.get(path);
  if (precision !== undefined && isClose(stored, expected, precision)) return true;
  if (Array.isArray(stored) && Array.isArray(expected)) {
    const elements: unknown[] = expected;
    return (
      stored.length === elements.length &&
      elements.every((element, position) => isAlike(stored[position], element, path, vectors))
    );
  }
  if (isMembers(stored) && isMembers(expected)) {
    const names = new Set([...Object.keys(stored), ...Object.keys(expected)]);
    return [...names].every((name) =>
      isAlike(ownValue(stored, name), ownValue(expected, name), `${path}.${name}`, vectors),
    );
  }
  return isDeepStrictEqual(stored, expected);
}

/** Lists, or objects, of numbers that are close; a vector that is null is not kept. */
function isClose(stored: unknown, expected: unknown, precision: number): boolean {
  const [a, b] = [stored, expected].map(vectorOf);
  if (a === null || b === null) return a === b;
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= precision * Math.max(Math.abs(a), Math.abs(b)) + SMALLEST;
  if (!(a instanceof Map && b instanceof Map) || a.size !== b.size) return false;
  return [...b].every(([name, part]) => a.has(name) && isClose(a.get(name), part, precision));
}

/** A float that is smaller is zero once it has been normalised. */
const SMALLEST = 1e-37;

/** A part of a vector: a number, or its parts by name or position. Bytes may be written in hexadecimal digits. */
function vectorOf(value: unknown): number | ReadonlyMap<string | number, unknown> | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return new Map(value.entries());
  if (typeof value === 'string')
    return /^([0-9a-f]{2})+$/i.test(value)
      ? new Map(new Int8Array(Buffer.from(value, 'hex')).entries())
      : undefined;
  if (typeof value !== 'object') return undefined;
  const number: unknown = (value as Readonly<Record<symbol, unknown>>)[NUMBER];
  return number === undefined ? new Map(Object.entries(value)) : Number(number);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(NUMBER in value);
}
