import assert from 'node:assert/strict';
import test from 'node:test';
import {
  aliasOfPhysical,
  obstacleAmong,
  type NamedState,
  type Obstacle,
} from '../../src/loader/obstacles.ts';

const by = (name: string, more: object = {}): unknown => ({
  projector: { name, index: 'orders', origin: { database: `${name}_db` }, ...more },
});
const serving = (meta?: unknown): NamedState => ({ aliases: ['v1-orders'], meta });
const unserved = (meta?: unknown): NamedState => ({ aliases: [], meta });
const older = 'v1-orders-20260101t000000000';
const newer = 'v1-orders-20260102t000000000';
const theirs = (physical: string): Obstacle => ({
  kind: 'projector',
  physical,
  projector: 'other',
  database: 'other_db',
});

const cases: readonly (readonly [
  name: string,
  found: Record<string, NamedState>,
  start: Obstacle | null,
  swap: Obstacle | null,
])[] = [
  ['nothing', {}, null, null],
  [
    'an index of nobody with the name itself',
    { 'v1-orders': unserved() },
    { kind: 'index' },
    { kind: 'index' },
  ],
  [
    'an index of another projector with the name itself',
    { 'v1-orders': unserved(by('other')) },
    theirs('v1-orders'),
    theirs('v1-orders'),
  ],
  ['our own that serves', { [older]: serving(by('ours')) }, null, null],
  ['one made by hand that the alias leads to', { 'by-hand': serving({ team: 'search' }) }, null, null],
  ["another projector's that serves", { [older]: serving(by('other')) }, theirs(older), theirs(older)],
  [
    "another projector's that serves, although ours is older",
    { [older]: unserved(by('ours')), [newer]: serving(by('other')) },
    theirs(newer),
    theirs(newer),
  ],
  ["another projector's that is being built", { [older]: unserved(by('other')) }, theirs(older), null],
  [
    'both being built, ours begun later',
    { [older]: unserved(by('other')), [newer]: unserved(by('ours')) },
    theirs(older),
    null,
  ],
  [
    'both being built, ours begun earlier',
    { [older]: unserved(by('ours')), [newer]: unserved(by('other')) },
    null,
    null,
  ],
  [
    'ours serving, and what the other one has left',
    { [older]: unserved(by('other')), [newer]: serving(by('ours')) },
    null,
    null,
  ],
  ["another projector's that was kept", { [older]: unserved(by('other', { kept: '2026' })) }, null, null],
  [
    "another projector's of a longer name",
    { 'v1-orders-old-20260101t000000000': unserved(by('other')) },
    null,
    null,
  ],
];
for (const [name, found, start, swap] of cases) {
  test(`in the way of an alias: ${name}`, () => {
    assert.deepEqual(obstacleAmong(found, 'v1-orders', 'ours', 'start'), start);
    assert.deepEqual(obstacleAmong(found, 'v1-orders', 'ours', 'swap'), swap);
  });
}

test('a physical index says which alias it was made for', () => {
  assert.equal(aliasOfPhysical(older), 'v1-orders');
  assert.equal(aliasOfPhysical('v1-orders-copy'), null);
});
