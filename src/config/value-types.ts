import { z } from 'zod';

/** How a setting's text becomes a value, and the phrase that help, tables and error messages use for it. */
export interface ValueType<T> {
  /** What the text must be, to follow "must be": `a whole number of ms from 0 to 60000`. */
  readonly expected: string;
  readonly schema: z.ZodType<T, string>;
}

const bytesPerUnit: Readonly<Record<string, number>> = { '': 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** Text that `matches`, as it is. */
export function text(expected: string, matches: RegExp): ValueType<string> {
  return { expected, schema: z.string().regex(matches) };
}

/** A whole number within `min`…`max`, both allowed; `unit` is only for the reader. */
export function wholeNumber(range: { min: number; max: number; unit?: string }): ValueType<number> {
  const of = range.unit === undefined ? '' : ` of ${range.unit}`;
  return {
    expected: `a whole number${of} from ${range.min} to ${range.max}`,
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(range.min).max(range.max)),
  };
}

/** A size in bytes: `5242880`, `5120KiB` and `5MiB` are the same. `min` and `max` are such texts too. */
export function byteSize(range: { min: string; max: string }): ValueType<number> {
  return {
    expected: `a size in bytes, or in KiB, MiB or GiB, from ${range.min} to ${range.max}`,
    schema: z
      .string()
      .transform(parseByteSize)
      .pipe(z.number().int().min(parseByteSize(range.min)).max(parseByteSize(range.max))),
  };
}

/** The bytes of a size's text; NaN for what is not a size. */
function parseByteSize(size: string): number {
  const [, amount = '', unit = ''] = /^(\d+) ?(|kib|mib|gib)$/i.exec(size) ?? [];
  const factor = bytesPerUnit[unit.toLowerCase()];
  return amount === '' || factor === undefined ? NaN : Number(amount) * factor;
}

/** One of `values`, spelled just so. */
export function oneOf<const T extends string>(values: readonly T[]): ValueType<T> {
  return { expected: `one of ${values.join(', ')}`, schema: z.string().pipe(z.enum(values)) };
}

/** TRUE or FALSE, in upper or lower case. */
export function trueOrFalse(): ValueType<boolean> {
  return {
    expected: 'TRUE or FALSE',
    schema: z
      .string()
      .toLowerCase()
      .pipe(z.enum(['true', 'false']))
      .transform((word) => word === 'true'),
  };
}

/** A URL with one of `schemes` (`postgres`, without the colon), as it was written. */
export function url(schemes: readonly [string, ...string[]]): ValueType<string> {
  return {
    expected: `a ${schemes.map((scheme) => `${scheme}://`).join(' or ')} URL`,
    schema: z.string().refine((candidate) => isUrl(candidate, schemes)),
  };
}

/** One or more URLs with commas between. */
export function urls(schemes: readonly [string, ...string[]]): ValueType<string[]> {
  return {
    expected: `one or more ${schemes.map((scheme) => `${scheme}://`).join(' or ')} URLs with commas between`,
    schema: z
      .string()
      .transform((list) => list.split(',').map((part) => part.trim()))
      .pipe(z.array(z.string().refine((candidate) => isUrl(candidate, schemes)))),
  };
}

/** Host names with commas between, or none; in lower case. */
export function hostNames(): ValueType<string[]> {
  return {
    expected: 'host names with commas between, without ports',
    schema: z
      .string()
      .toLowerCase()
      .transform((list) => list.split(',').flatMap((part) => part.trim() || []))
      .pipe(z.array(z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/))),
  };
}

function isUrl(candidate: string, schemes: readonly string[]): boolean {
  const parsed = URL.parse(candidate);
  return parsed !== null && schemes.includes(parsed.protocol.slice(0, -1));
}
