import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Catalog } from '../../src/definition/catalog.ts';
import { compilePlan } from '../../src/definition/compile.ts';
import { ProjectorError } from '../../src/ops/errors.ts';
import { catalogOf, definitionOf, films, type TableSketch } from './catalogs.ts';

/** What is wrong with a definition's fields, with code and place. */
function faultOf(catalog: Catalog, text: string): string {
  try {
    compilePlan([definitionOf(text)], catalog);
  } catch (error) {
    assert.ok(error instanceof ProjectorError);
    return `${error.code} ${error.message}`;
  }
  return 'none';
}

const movies = (fields: string): string => `index: movies\nroot: content.film_work\nfields:\n  ${fields}\n`;

describe('a name that the database does not have', () => {
  it('is answered with the nearest that it has', () => {
    assert.equal(
      faultOf(films, 'index: movies\nroot: content.film_werk\nfields: { id: id }'),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:2:1: there is no table content.film_werk; did you mean film_work?',
    );
    assert.equal(
      faultOf(films, movies('title: titel')),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:4:3: content.film_work has no column titel; did you mean title?',
    );
    assert.equal(
      faultOf(films, movies('x: { many: genre_film, value: id }')),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:4:8: there is no table content.genre_film; did you mean genre_film_work?',
    );
    assert.equal(
      faultOf(films, movies('x: { many: genre_film_work, value: { one: genre, value: nmae } }')),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:4:52: content.genre has no column nmae; did you mean name?',
    );
    assert.equal(
      faultOf(films, movies('x: { many: genre_film_work, fields: { y: id }, order: [z] }')),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:4:58: the elements have no field z to order by; did you mean y?',
    );
    assert.equal(
      faultOf(films, 'index: movies\nroot: cinema.film\nfields: { id: id }'),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:2:1: there is no table cinema.film; the schema cinema is not there, or has no tables',
    );
  });

  it('is named with all others, in the order of the file', () => {
    assert.equal(
      faultOf(films, movies('a: x1\n  b: { one: genre, value: name }\n  c: { count: person }')),
      [
        'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:4:3: content.film_work has no column x1; did you mean id?',
        'index.yaml:5:8: there is no foreign key from content.film_work to content.genre, nor a unique one back',
        'index.yaml:6:8: there is no foreign key from content.person to content.film_work',
      ].join('\n'),
    );
  });

  it('may be a relation that goes the other way', () => {
    assert.match(faultOf(films, movies('x: { one: genre_film_work, value: id }')), /use `many:`$/);
    assert.match(
      faultOf(films, 'index: x\nroot: content.genre_film_work\nfields: { x: { many: genre, value: name } }'),
      /from content.genre to content.genre_film_work; content.genre_film_work points to it: use `one:`$/,
    );
  });
});

const company: Record<string, TableSketch> = {
  'hr.employee': {
    columns: ['id integer', 'manager_id integer', 'mentor_id integer', 'desk_id integer'],
    key: ['id'],
    unique: [['desk_id']],
    references: ['manager_id -> hr.employee(id)', 'mentor_id -> hr.employee(id)', 'desk_id -> hr.desk(id)'],
  },
  'hr.desk': { columns: ['id integer', 'room text'], key: ['id'] },
  'hr.badge': {
    columns: ['id integer', 'employee_id integer'],
    key: ['id'],
    unique: [['employee_id']],
    references: ['employee_id -> hr.employee(id)'],
  },
};

describe('an ambiguous foreign key', () => {
  const fields = (text: string): string => `index: staff\nroot: hr.employee\nfields:\n  ${text}\n`;

  it('is answered with the candidates', () => {
    const catalog = catalogOf(company);
    assert.equal(
      faultOf(catalog, fields('boss: { one: employee, value: id }')),
      'PROJ_DEFINITION_AMBIGUOUS index.yaml:4:11: several foreign keys fit between hr.employee and hr.employee; ' +
        'choose `via: manager_id` or `via: mentor_id`',
    );
    assert.equal(
      faultOf(catalog, fields('team: { many: employee, via: boss_id, value: id }')),
      'PROJ_DEFINITION_UNKNOWN_NAME index.yaml:4:27: no foreign key on boss_id fits between hr.employee and hr.employee; ' +
        'there is `via: manager_id` or `via: mentor_id`',
    );
  });

  it('is settled by via', () => {
    const catalog = catalogOf(company);
    assert.equal(faultOf(catalog, fields('boss: { one: employee, via: manager_id, value: id }')), 'none');
    assert.equal(faultOf(catalog, fields('team: { many: employee, via: [manager_id], value: id }')), 'none');
  });
});

describe('a to-one relation', () => {
  it('may be a unique foreign key of the other side', () => {
    const catalog = catalogOf(company);
    assert.equal(
      faultOf(catalog, 'index: x\nroot: hr.desk\nfields: { who: { one: employee, value: id } }'),
      'none',
    );
    assert.equal(
      faultOf(catalog, 'index: x\nroot: hr.employee\nfields: { badge: { one: badge, value: id } }'),
      'none',
    );
  });
});

describe('a strict mapping', () => {
  const mapped = (mappings: string): string =>
    `${movies('id: id\n  people: { many: person_film_work, fields: { id: person_id, role: role } }')}mappings:\n  ${mappings}\n`;
  const id = 'id: { type: keyword }';

  it('has every field, those of nested objects too', () => {
    assert.equal(
      faultOf(films, mapped(`dynamic: strict\n  properties: { ${id} }`)),
      'PROJ_DEFINITION_INVALID index.yaml:5:3: the mapping of movies is strict and has no property people',
    );
    const nested = (properties: string): string =>
      mapped(`dynamic: strict\n  properties: { ${id}, people: { type: nested, ${properties} } }`);
    assert.equal(
      faultOf(films, nested(`properties: { ${id} }`)),
      'PROJ_DEFINITION_INVALID index.yaml:5:62: the mapping of people is strict and has no property role',
    );
    assert.equal(faultOf(films, nested(`properties: { ${id}, role: { type: keyword } }`)), 'none');
    assert.equal(faultOf(films, nested(`dynamic: true, properties: { ${id} }`)), 'none');
  });

  it('may be lax above and strict below', () => {
    const text = mapped(`properties: { people: { dynamic: strict, properties: { ${id} } } }`);
    assert.match(faultOf(films, text), /the mapping of people is strict and has no property role/);
    assert.equal(faultOf(films, mapped(`properties: { ${id} }`)), 'none');
  });

  it('has objects where the documents have them', () => {
    assert.match(
      faultOf(films, mapped('properties: { people: { type: keyword } }')),
      /people is an object, but is mapped as keyword/,
    );
    assert.match(
      faultOf(films, mapped('properties: { id: { type: nested } }')),
      /id is mapped as an object, but is a plain value/,
    );
  });
});

describe('a table whose changes would not arrive', () => {
  const root = (more: TableSketch['more'], key = ['id']): string =>
    faultOf(
      catalogOf({ 's.t': { columns: ['id integer', 'b text'], key, ...(more ? { more } : {}) } }),
      'index: x\nroot: s.t\nfields: { b: b }',
    );

  it('is refused', () => {
    assert.equal(
      root({}, []),
      'PROJ_DEFINITION_TABLE index.yaml:2:1: s.t has no primary key to name documents by',
    );
    assert.match(root({ kind: 'view' }), /s.t is a view: its changes are not in the replication stream/);
    assert.match(root({ kind: 'foreign table' }), /s.t is a foreign table/);
    assert.match(
      root({ rowSecurity: 'may hide' }),
      /row level security may hide rows of s.t from projector; alter role projector bypassrls/,
    );
    const [storage] = catalogOf({ 's.t': { columns: ['id integer'], key: ['id'] } }).tables[0]?.storage ?? [];
    assert.ok(storage);
    assert.match(
      root({ storage: [{ ...storage, persistence: 'unlogged' }] }),
      /s.t is unlogged: .*; alter table s.t set logged/,
    );
    assert.match(root({ storage: [storage, storage] }), /s.t has tables that inherit from it/);
    assert.match(
      root({ kind: 'partitioned table', storage: [{ ...storage, name: 't1', kind: 'foreign table' }] }),
      /s.t1, of s.t, is a foreign table/,
    );
  });
});
