import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { basisOf, changedParts, compareBasis, type BasisPart } from '../../src/definition/basis.ts';
import type { Catalog } from '../../src/definition/catalog.ts';
import { compilePlan } from '../../src/definition/compile.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { catalogOf, definitionOf } from './catalogs.ts';

const shop = catalogOf({
  's.order': {
    columns: ['id integer', 'no uuid', 'customer_id integer', 'placed timestamp', 'total numeric'],
    key: ['id'],
    references: ['customer_id -> s.customer(id)'],
  },
  's.customer': { columns: ['id integer', 'name text', 'unread text'], key: ['id'], unique: [['name']] },
  's.line': {
    columns: ['order_id integer', 'no numeric', 'article text', 'note text'],
    key: ['order_id', 'no'],
    references: ['order_id -> s.order(id)'],
  },
  's.part': {
    columns: ['id integer', 'order_id integer', 'line_no numeric', 'word text'],
    key: ['id'],
    references: ['order_id, line_no -> s.line(order_id, no)'],
  },
});

const orders = definitionOf(`index: orders
root: s.order
where: "total > 0"
fields:
  no: no
  placed: placed
  customer: { one: customer, value: name }
  lines:
    many: line
    order: [article]
    fields: { article: article, loud: { expression: upper(article) }, parts: { many: part, value: word } }
`);

function planFor(catalog: Catalog): Plan {
  return compilePlan([orders], catalog, ({ table, sql }) => ({
    columns: table.columns.map(({ name }) => name).filter((name) => sql.includes(name)),
    objects: [],
  }));
}

/** What the documents rest on in a catalog, as text; or why the definition does not compile for it. */
function basisIn(catalog: Catalog): string {
  try {
    const { indexes } = planFor(catalog);
    return JSON.stringify(indexes.map((index) => basisOf(index, catalog, new Map())));
  } catch (error) {
    return String(error);
  }
}

/** The plan without its fingerprints: what the service does by it. */
function planIn(catalog: Catalog): string {
  try {
    return JSON.stringify(planFor(catalog), (key, value: unknown) =>
      ['compiled', 'hash', 'description'].includes(key) ? undefined : value,
    );
  } catch (error) {
    return String(error);
  }
}

type Path = readonly (string | number)[];

/** Every field of the catalog that compiling looks at, by the way to it. */
function fieldsRead(catalog: Catalog): Path[] {
  const read = new Map<string, Path>();
  const watch = <T>(value: T, path: Path): T => {
    if (typeof value !== 'object' || value === null || value instanceof Map) return value;
    return new Proxy(value, {
      get(target, key, receiver) {
        const inner: unknown = Reflect.get(target, key, receiver);
        if (typeof key === 'symbol' || typeof inner === 'function') return inner;
        const at = [...path, Array.isArray(target) ? Number(key) : key];
        if (key === 'length') return inner;
        if (typeof inner !== 'object' || inner === null) read.set(JSON.stringify(at), at);
        return watch(inner, at);
      },
    });
  };
  planFor(watch(catalog, []));
  return [...read.values()];
}

/** The catalog with another value at one place. */
function withAnother(catalog: Catalog, path: Path): Catalog {
  const copy = structuredClone(catalog);
  let parent = copy as unknown as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? assert.fail();
  const value = parent[last];
  if (typeof value === 'boolean') parent[last] = !value;
  else if (typeof value === 'number') parent[last] = value + 1;
  else if (value === null) parent[last] = 'text';
  else if (last === 'textClass') parent[last] = null;
  else parent[last] = last === 'rowSecurity' ? 'may hide' : `${JSON.stringify(value)}_`;
  return copy;
}

describe('what documents rest on', () => {
  it('differs wherever compiling comes to another plan, whatever it reads of the catalog', () => {
    const [plan, basis] = [planIn(shop), basisIn(shop)];
    const fields = fieldsRead(shop);
    const others = fields.filter((path) => planIn(withAnother(shop, path)) !== plan);
    const unseen = others.filter((path) => basisIn(withAnother(shop, path)) === basis);
    assert.deepEqual(unseen, []);
    // So that it has looked at something: keys, types, foreign keys, names.
    assert.ok(fields.length > 100, `${fields.length} fields are read`);
    assert.ok(others.length > 50, `${others.length} of them lead to another plan`);
  });

  it('differs where a column that is read is another version, and not for one that is unread', () => {
    const before = basisIn(shop);
    for (const [position, table] of shop.tables.entries()) {
      for (const [column, { name }] of table.columns.entries()) {
        const now = basisIn(withAnother(shop, ['tables', position, 'columns', column, 'madeOf']));
        assert.equal(now === before, name === 'unread' || name === 'note', `${table.name}.${name}`);
      }
    }
  });
});

describe('a basis', () => {
  const parts: BasisPart[] = [
    { what: 'column', is: '1' },
    { what: 'schema', is: '7', apart: 'rights' },
    { what: 'partition 1', is: 'file' },
  ];
  const now = (changed: readonly BasisPart[], filled: readonly string[] = ['partition 1']) => ({
    parts: [...parts.filter(({ what }) => changed.every((part) => part.what !== what)), ...changed],
    filled,
  });

  const cases: [name: string, changed: BasisPart[], filled: string[], become: string][] = [
    ['stays the same', [], ['partition 1'], 'same'],
    ['has a part that is another', [{ what: 'column', is: '2' }], ['partition 1'], 'changed'],
    ['has a new version for another reason', [{ what: 'schema', is: '8', apart: 'others' }], [], 'extended'],
    ['has a new version for no other reason', [{ what: 'schema', is: '8', apart: 'rights' }], [], 'changed'],
    ['has more to it', [{ what: 'label', is: 'new' }], ['partition 1'], 'extended'],
    ['has more, which is empty', [{ what: 'partition 2', is: 'file' }], ['partition 1'], 'extended'],
    ['has more, which has rows', [{ what: 'partition 2', is: 'file' }], ['partition 2'], 'changed'],
  ];
  for (const [name, changed, filled, become] of cases) {
    it(`that ${name} is ${become}`, () => {
      assert.equal(compareBasis(parts, now(changed, filled)), become);
      assert.equal(changedParts(parts, now(changed, filled)).length > 0, become === 'changed');
    });
  }

  it('that lacks a part is changed', () => {
    assert.equal(compareBasis([...parts, { what: 'gone', is: '1' }], now([])), 'changed');
  });
});
