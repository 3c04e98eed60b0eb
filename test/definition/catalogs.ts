import type { Catalog, CatalogColumn, CatalogTable } from '../../src/definition/catalog.ts';
import { parseDefinition, type Definition } from '../../src/definition/load.ts';

/** A table in few words, for a catalog without a server. */
export interface TableSketch {
  /** `name type`. */
  readonly columns: readonly string[];
  readonly key?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  /** `column[, column] -> schema.table(column[, column])`. */
  readonly references?: readonly string[];
  readonly more?: Partial<CatalogTable>;
}

/** A catalog of tables by their `schema.name`. */
export function catalogOf(sketches: Readonly<Record<string, TableSketch>>): Catalog {
  const names = Object.keys(sketches);
  const oidOf = (name: string): number => names.indexOf(name) + 1;
  return {
    role: 'projector',
    objects: { types: new Map(), versions: new Map() },
    tables: Object.entries(sketches).map(([display, sketch]): CatalogTable => {
      const [schema = '', name = ''] = display.split('.');
      const { key = [], unique = [], references = [], more = {} } = sketch;
      return {
        oid: oidOf(display),
        schema,
        name,
        kind: 'table',
        persistence: 'permanent',
        rowSecurity: 'none',
        columns: sketch.columns.map(columnOf),
        primaryKey: key,
        uniqueKeys: [key, ...unique].filter(({ length }) => length > 0),
        foreignKeys: references.map((text) => {
          const [, own = '', to = '', theirs = ''] = /^(.*) -> (.*)\((.*)\)$/.exec(text) ?? [];
          return {
            name: text,
            columns: own.split(', '),
            referencedOid: oidOf(to),
            referencedColumns: theirs.split(', '),
          };
        }),
        storage: [
          {
            oid: oidOf(display),
            file: '1',
            isEmpty: false,
            schema,
            name,
            kind: 'table',
            persistence: 'permanent',
            replicaIdentity: 'default',
            identityColumns: key,
            generated: 'none',
            identityIndexes: [key, ...unique].map((columns) => ({ name: columns.join('_'), columns })),
          },
        ],
        basis: [{ what: 'name', is: '1' }],
        ...more,
      };
    }),
  };
}

function columnOf(text: string): CatalogColumn {
  const [name = '', type = 'text'] = text.split(' ');
  const exact: Record<string, string | undefined> = {
    integer: 'integer',
    bigint: 'integer',
    text: 'text',
    uuid: 'uuid',
  };
  return {
    name,
    type,
    isGenerated: false,
    textClass: exact[type] ?? null,
    hasBuiltInOperators: true,
    typeOid: 25,
    typeModifier: -1,
    madeOf: text,
  };
}

/** A definition from its text; it has to be well-formed. */
export function definitionOf(text: string, file = 'index.yaml'): Definition {
  const { definition, problems } = parseDefinition(file, text);
  if (!definition) throw new Error(problems.map(({ message }) => message).join('\n'));
  return definition;
}

/** Two tables of films' people, as the shipped definitions use them. */
export const films = catalogOf({
  'content.film_work': { columns: ['id uuid', 'title text', 'rating real', 'type text'], key: ['id'] },
  'content.person': { columns: ['id uuid', 'full_name text'], key: ['id'] },
  'content.genre': { columns: ['id uuid', 'name text'], key: ['id'], unique: [['name']] },
  'content.genre_film_work': {
    columns: ['id uuid', 'film_work_id uuid', 'genre_id uuid'],
    key: ['id'],
    unique: [['film_work_id', 'genre_id']],
    references: ['film_work_id -> content.film_work(id)', 'genre_id -> content.genre(id)'],
  },
  'content.person_film_work': {
    columns: ['id uuid', 'film_work_id uuid', 'person_id uuid', 'role text'],
    key: ['id'],
    references: ['film_work_id -> content.film_work(id)', 'person_id -> content.person(id)'],
  },
});
