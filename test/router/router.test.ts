import assert from 'node:assert/strict';
import test from 'node:test';
import type { Plan, Route } from '../../src/definition/plan.ts';
import type { RowChange, TrackedTable } from '../../src/replication/message.ts';
import { createRouter, type Router } from '../../src/router/router.ts';

const lookup = { first: 'first', next: 'next', referredSql: 'referred' };
const direct: Route = { index: 'orders', columns: ['order_id'], lookup: null };
const upward: Route = { index: 'orders', columns: ['id'], lookup };

const plan: Plan = {
  indexes: [],
  tables: [
    { ...watched('line'), oid: 1, routes: [direct], identityColumns: ['order_id'] },
    { ...watched('article'), oid: 2, routes: [upward], identityColumns: ['id'] },
    { ...watched('orders'), oid: 3, routes: [{ ...direct, columns: ['a', 'b'] }], rootOf: ['orders'] },
  ],
};

test('a moved row leads to the document that it leaves and to the one that it joins', () => {
  const router = createRouter(plan);
  assert.deepEqual(route(router, 'line', 'update', ['1'], ['2']), ['orders/1', 'orders/2']);
  assert.deepEqual(route(router, 'line', 'update', null, ['2']), ['orders/2']);
  assert.deepEqual(route(router, 'line', 'delete', ['1'], null), ['orders/1']);
});

test('a null leads nowhere', () => {
  assert.deepEqual(route(createRouter(plan), 'line', 'insert', null, [null]), []);
});

test('the parts of a composite key become one id', () => {
  assert.deepEqual(route(createRouter(plan), 'orders', 'insert', null, ['x:1', '2']), ['orders/x%3A1:2']);
});

test('lookups are gathered once for each key, also for rows that are new: others may refer to them already', () => {
  const router = createRouter(plan);
  for (const id of ['7', '8', '7']) route(router, 'article', 'update', null, [id]);
  route(router, 'article', 'insert', null, ['9']);
  assert.equal(router.gathered, 3);
  assert.deepEqual(router.takeLookups(), [{ index: 'orders', route: upward, values: [['7', '8', '9']] }]);
  assert.deepEqual(router.takeLookups(), []);
});

test('an unchanged TOAST value is taken from the old row', () => {
  const router = createRouter(plan);
  assert.deepEqual(route(router, 'line', 'update', ['1'], [undefined]), ['orders/1', 'orders/1']);
});

test('a value that is not told may lead to any document', () => {
  const router = createRouter(plan);
  assert.deepEqual(route(router, 'line', 'update', [undefined], ['2']), ['orders', 'orders/2']);
  assert.deepEqual(route(router, 'line', 'delete', [undefined], null), ['orders']);
  assert.deepEqual(route(router, 'article', 'update', null, [undefined]), ['orders']);
  assert.equal(router.gathered, 0);
  assert.deepEqual(route(router, 'orders', 'delete', ['1', undefined], null), ['orders (root)']);
});

test('a table is known by its oid, whatever it is called, or else by its name', () => {
  const router = createRouter(plan);
  const line = tableOf(router, 'line');
  assert.equal(router.track({ schema: 's', name: 'renamed', oid: 1 }), line);
  assert.equal(router.track({ schema: 's', name: 'line', oid: 7 }), line);
  assert.equal(router.track({ schema: 's', name: 'renamed', oid: 7 }), undefined);
});

test('a truncated table names the indexes that read it', () => {
  const router = createRouter(plan);
  assert.deepEqual(router.truncated(tableOf(router, 'article')), [{ index: 'orders', isRoot: false }]);
  assert.deepEqual(router.truncated(tableOf(router, 'orders')), [{ index: 'orders', isRoot: true }]);
});

function watched(name: string): Plan['tables'][number] {
  return {
    schema: 's',
    name,
    oid: 1,
    partitioned: false,
    description: '',
    identityColumns: [],
    readColumns: [],
    routes: [],
    rootOf: [],
  };
}

function tableOf(router: Router, name: string): TrackedTable {
  return router.track({ schema: 's', name }) ?? assert.fail(`${name} is not tracked`);
}

function route(
  router: Router,
  name: string,
  kind: RowChange['kind'],
  old: RowChange['old'],
  after: RowChange['new'],
): string[] {
  const ids: string[] = [];
  const change: RowChange = { tag: 'change', table: tableOf(router, name), kind, old, new: after };
  router.route(
    change,
    (index, id) => ids.push(`${index}/${id}`),
    (index, isRoot) => ids.push(isRoot ? `${index} (root)` : index),
  );
  return ids;
}
