import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Catalog } from '../../src/definition/catalog.ts';
import { compilePlan } from '../../src/definition/compile.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { catalogOf, definitionOf, films } from './catalogs.ts';

function planOf(catalog: Catalog, ...texts: string[]): Plan {
  return compilePlan(
    texts.map((text) => definitionOf(text)),
    catalog,
  );
}

/** The routes of a table, as `index: columns`, with `…` for a lookup and `+` where inserts take it. */
function routesOf(plan: Plan, table: string): string[] {
  const routes = plan.tables.find(({ name }) => name === table)?.routes ?? [];
  return routes.map(
    ({ index, columns, lookup, onInsert }) =>
      `${index}: ${columns.join(', ')}${lookup ? ' …' : ''}${onInsert ? ' +' : ''}`,
  );
}

const movies = `index: movies
root: content.film_work
where: "type = 'movie'"
fields:
  id: id
  genres: { many: genre_film_work, value: { one: genre, value: name } }
  actors: { many: person_film_work, where: "role = 'actor'", fields: { name: { one: person, value: full_name } } }
  writers: { many: person_film_work, where: "role = 'writer'", fields: { name: { one: person, value: full_name } } }
`;

describe('a route', () => {
  it('is direct where the row itself has the key of the root, and merged with its equals', () => {
    const plan = planOf(films, movies);
    assert.deepEqual(routesOf(plan, 'film_work'), ['movies: id +']);
    assert.deepEqual(routesOf(plan, 'genre_film_work'), ['movies: film_work_id +']);
    assert.deepEqual(routesOf(plan, 'person_film_work'), ['movies: film_work_id +']);
  });

  it('looks up the foreign keys where it does not, but not for a row that nothing can refer to yet', () => {
    const plan = planOf(films, movies);
    assert.deepEqual(routesOf(plan, 'genre'), ['movies: id …']);
    assert.deepEqual(routesOf(plan, 'person'), ['movies: id …']);
    const { lookup } = plan.tables.find(({ name }) => name === 'person')?.routes[0] ?? {};
    assert.equal(
      lookup?.next,
      `select page."film_work_id"::text
from (
  select distinct "film_work_id"
  from "content"."person_film_work"
  where "person_id" = any($1::uuid[])
    and "film_work_id" is distinct from null
    and "film_work_id" > $2::uuid
  order by "film_work_id"
  limit $3
) as page
order by page."film_work_id"`,
    );
  });

  it('is there for each index', () => {
    const persons = `index: persons
root: content.person
fields: { films: { many: person_film_work, value: { one: film_work, value: title } } }`;
    const plan = planOf(films, movies, persons);
    assert.deepEqual(routesOf(plan, 'person'), ['movies: id …', 'persons: id +']);
    assert.deepEqual(routesOf(plan, 'person_film_work'), ['movies: film_work_id +', 'persons: person_id +']);
    assert.deepEqual(routesOf(plan, 'film_work'), ['movies: id +', 'persons: id …']);
  });

  it('is there for both sides of a self-reference', () => {
    const catalog = catalogOf({
      'hr.employee': {
        columns: ['id integer', 'manager_id integer', 'name text'],
        key: ['id'],
        references: ['manager_id -> hr.employee(id)'],
      },
    });
    const plan = planOf(
      catalog,
      `index: staff
root: hr.employee
fields:
  name: name
  manager: { one: employee, value: name }
  team: { many: employee, value: name }`,
    );
    assert.deepEqual(routesOf(plan, 'employee'), ['staff: id +', 'staff: id …', 'staff: manager_id +']);
  });

  it('is taken by inserts where the foreign key is not enforced', () => {
    const lax = catalogOf({
      's.a': {
        columns: ['id integer', 'b_id integer'],
        key: ['id'],
        references: ['b_id -> s.b(id) not enforced'],
      },
      's.b': { columns: ['id integer', 'name text'], key: ['id'] },
    });
    const plan = planOf(lax, 'index: x\nroot: s.a\nfields: { b: { one: b, value: name } }');
    assert.deepEqual(routesOf(plan, 'b'), ['x: id … +']);
  });

  it('is direct from any depth where keys repeat those above', () => {
    const composite = catalogOf({
      's.film': { columns: ['id integer'], key: ['id'] },
      's.scene': {
        columns: ['film_id integer', 'no integer'],
        key: ['film_id', 'no'],
        references: ['film_id -> s.film(id)'],
      },
      's.prop': {
        columns: ['id integer', 'film_id integer', 'scene_no integer', 'name text'],
        key: ['id'],
        references: ['film_id, scene_no -> s.scene(film_id, no)'],
      },
    });
    const plan = planOf(
      composite,
      'index: x\nroot: s.film\nfields: { scenes: { many: scene, fields: { props: { many: prop, value: name } } } }',
    );
    assert.deepEqual(routesOf(plan, 'prop'), ['x: film_id +']);
  });

  it('asks the root for its key where an equal value may be written differently', () => {
    const numbers = (type: string): Catalog =>
      catalogOf({
        's.a': { columns: [`id ${type}`], key: ['id'] },
        's.b': { columns: ['id integer', `a_id ${type}`], key: ['id'], references: ['a_id -> s.a(id)'] },
      });
    const text = 'index: x\nroot: s.a\nfields: { n: { count: b } }';
    assert.deepEqual(routesOf(planOf(numbers('integer'), text), 'b'), ['x: a_id +']);
    assert.deepEqual(routesOf(planOf(numbers('numeric'), text), 'b'), ['x: a_id … +']);
  });
});

describe('a watched table', () => {
  it('names the columns that routes start from, and all that are read', () => {
    const plan = planOf(films, movies);
    const table = plan.tables.find(({ name }) => name === 'person_film_work');
    assert.deepEqual(table?.identityColumns, ['film_work_id']);
    const person = plan.tables.find(({ name }) => name === 'person');
    assert.deepEqual(person?.identityColumns, ['id']);
    assert.deepEqual(person.readColumns, ['id', 'full_name']);
  });

  it('reads all columns where an expression may', () => {
    const text = 'index: x\nroot: content.person\nfields: { shout: { expression: upper(full_name) } }';
    const definition = definitionOf(text);
    const readColumns = (plan: Plan): unknown => plan.tables[0]?.readColumns;
    assert.deepEqual(readColumns(compilePlan([definition], films)), ['id', 'full_name']);
    assert.deepEqual(readColumns(compilePlan([definition], films, () => [])), ['id']);
  });

  it('knows the indexes whose root it is', () => {
    const other = 'index: films\nroot: content.film_work\nfields: { id: id }';
    const plan = planOf(films, movies, other);
    assert.deepEqual(plan.tables.find(({ name }) => name === 'film_work')?.rootOf, ['movies', 'films']);
    assert.deepEqual(plan.tables.find(({ name }) => name === 'genre')?.rootOf, []);
  });
});

describe("an index's hash", () => {
  it('changes with what changes its documents, settings or mappings', () => {
    const hashOf = (text: string, catalog = films): string => planOf(catalog, text).indexes[0]?.hash ?? '';
    const hash = hashOf(movies);
    assert.match(hash, /^[0-9a-f]{16}$/);
    assert.equal(hashOf(`# a comment\n${movies}`), hash);
    assert.notEqual(hashOf(`${movies}settings: { refresh_interval: 5s }`), hash);
    assert.notEqual(hashOf(`${movies}mappings: { dynamic: false }`), hash);
    assert.notEqual(hashOf(movies.replace("'actor'", "'extra'")), hash);
  });
});
