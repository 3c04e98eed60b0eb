import { tables, type Table } from './rows.ts';
import { rowSchemas, type SourceRow } from './sqlite-rows.ts';

export interface Findings {
  /** What cannot be loaded, one line each, the first `mostFaults` of them. */
  readonly faults: readonly string[];
  /** Links that say again, under another id, what an earlier one says. */
  readonly repeatedLinks: number;
}

export const mostFaults = 20;

interface Fault {
  readonly column: string;
  /** Follows the value, as in `11 is not from 0 to 10`. */
  readonly reason: string;
}

/** What the rows of a table must agree on with other rows. */
interface Rules {
  /** What no two rows may have in common. */
  readonly unique: readonly string[];
  /** The columns that hold the id of a row of another table. */
  readonly references: readonly (readonly [column: string, table: Table])[];
  /** The columns that make a link what it is; its id and time do not. */
  readonly link: readonly string[];
}

const rules: Readonly<Record<Table, Rules>> = {
  genre: { unique: ['id', 'name'], references: [], link: [] },
  person: { unique: ['id'], references: [], link: [] },
  film_work: { unique: ['id'], references: [], link: [] },
  genre_film_work: {
    unique: ['id'],
    references: [
      ['film_work_id', 'film_work'],
      ['genre_id', 'genre'],
    ],
    link: ['film_work_id', 'genre_id'],
  },
  person_film_work: {
    unique: ['id'],
    references: [
      ['film_work_id', 'film_work'],
      ['person_id', 'person'],
    ],
    link: ['film_work_id', 'person_id', 'role'],
  },
};

/** Reads all rows once and says what is wrong with them, each by itself and with each other. Holds the ids. */
export function findFaults(rowsOf: (table: Table) => Iterable<SourceRow>): Findings {
  const faults: string[] = [];
  const ids = new Map<Table, ReadonlyMap<string, string>>();
  let repeatedLinks = 0;

  for (const table of tables) {
    const { unique, references, link } = rules[table];
    /** By column: the value and the row that has it. */
    const taken = new Map(unique.map((column) => [column, new Map<string, string>()]));
    const links = new Set<string>();
    ids.set(table, taken.get('id') ?? new Map<string, string>());

    for (const row of rowsOf(table)) {
      const found = [
        ...ownFaults(table, row),
        ...[...taken].flatMap(([column, rows]) => takenFault(row, column, rows)),
      ];
      for (const [column, target] of references) {
        if (found.some((fault) => fault.column === column)) continue;
        if (!ids.get(target)?.has(comparable(row, column))) {
          found.push({ column, reason: `is the id of no row of ${target}` });
        }
      }
      for (const fault of found) {
        faults.push(describe(table, row, fault));
        if (faults.length === mostFaults) return { faults, repeatedLinks };
      }
      if (found.length === 0 && link.length > 0) {
        const key = link.map((column) => comparable(row, column)).join(' ');
        if (links.has(key)) repeatedLinks += 1;
        links.add(key);
      }
    }
  }
  return { faults, repeatedLinks };
}

/** What is wrong with a row by itself, one fault a column. */
function ownFaults(table: Table, { values }: SourceRow): Fault[] {
  const parsed = rowSchemas[table].safeParse(values);
  if (parsed.success) return [];
  const reasons = new Map<string, string>();
  for (const issue of parsed.error.issues) {
    const column = String(issue.path[0]);
    if (!reasons.has(column)) reasons.set(column, issue.message);
  }
  return Array.from(reasons, ([column, reason]) => ({ column, reason }));
}

/** Notes the row's value as taken; a fault if an earlier row has it. */
function takenFault(row: SourceRow, column: string, rows: Map<string, string>): Fault[] {
  if (row.values[column] === null) return [];
  const value = comparable(row, column);
  const earlier = rows.get(value);
  if (earlier !== undefined) return [{ column, reason: `is the ${column} of row ${earlier} already` }];
  rows.set(value, row.number);
  return [];
}

/** UUIDs are the same in either case; names are not. */
function comparable({ values }: SourceRow, column: string): string {
  const text = String(values[column]);
  return column === 'name' ? text : text.toLowerCase();
}

function describe(table: Table, { number, values }: SourceRow, { column, reason }: Fault): string {
  const value = values[column];
  const what = value === null ? 'is null' : `${shown(value)} ${reason}`;
  return `${table} row ${number} (id ${shown(values['id'])}): ${column}: ${what}`;
}

const mostShown = 60;

function shown(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > mostShown ? `${value.slice(0, mostShown)}…` : value);
  }
  return value instanceof Uint8Array ? `a blob of ${value.length} bytes` : String(value);
}
