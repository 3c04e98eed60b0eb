import assert from 'node:assert/strict';
import test from 'node:test';
import { decideStart, type StartFacts } from '../../src/checkpoint/start.ts';

const origin = { systemIdentifier: '7', timeline: 1, database: 'films', incarnation: 'i' };
const server = { systemIdentifier: '7', timeline: 1, database: 'films', currentLsn: 1_000n };
const slot = {
  confirmedFlush: 500n,
  lost: false,
  activePid: null,
  plugin: 'pgoutput',
  database: 'films',
  retainedBytes: 0,
};
const lastCommit = { lsn: 500n, xid: 42 };
const coverage = { cluster: 'c', indexes: ['u'] };
const checkpoint = { lsn: 500n, lastCommit, origin, coverage };
const index = {
  physical: 'movies-1',
  writeAlias: 'movies-1-write',
  hash: 'h',
  origin,
  original: true,
  serving: true,
  basis: null,
};
const facts: StartFacts = {
  server,
  plugin: 'pgoutput',
  slot,
  checkpoint,
  indexes: [index],
  rebuilding: null,
};

test('an empty system is created', () => {
  assert.deepEqual(decideStart({ ...facts, slot: null, checkpoint: null, indexes: [] }), {
    kind: 'create',
    incarnation: null,
  });
});

test('it goes on where it was', () => {
  assert.deepEqual(decideStart(facts), {
    kind: 'resume',
    from: 500n,
    durable: { lsn: 500n, lastCommit },
    incarnation: 'i',
    coverage,
  });
});

test('a resume point ahead of the slot is kept, and its last commit has to come by again', () => {
  assert.deepEqual(decideStart({ ...facts, checkpoint: { ...checkpoint, lsn: 700n } }), {
    kind: 'resume',
    from: 500n,
    durable: { lsn: 700n, lastCommit },
    incarnation: 'i',
    coverage,
  });
});

test('without a resume point the slot stands, and covers no index', () => {
  const decision = decideStart({ ...facts, checkpoint: null });
  assert.deepEqual(decision, {
    kind: 'resume',
    from: 500n,
    durable: { lsn: 500n, lastCommit: null },
    incarnation: 'i',
    coverage: { cluster: '', indexes: [] },
  });
});

test('a slot that nothing belongs to begins a history of its own', () => {
  const decision = decideStart({ ...facts, checkpoint: null, indexes: [] });
  assert.ok(decision.kind === 'resume' && decision.incarnation === null);
});

const past = { ...index, physical: 'movies-0', origin: { ...origin, incarnation: 'past' } };

test('while a rebuild is under way, indexes of the past count for nothing', () => {
  const rebuilding = { ...facts, rebuilding: 'i', indexes: [past] };
  assert.deepEqual(decideStart({ ...rebuilding, slot: null, checkpoint: null }), {
    kind: 'create',
    incarnation: 'i',
  });
  assert.equal(decideStart({ ...rebuilding, indexes: [past, index] }).kind, 'resume');
  const decision = decideStart({ ...rebuilding, checkpoint: null });
  assert.ok(decision.kind === 'resume' && decision.incarnation === 'i');
});

test('what may belong to a projector of a copy of the database is replaced by hand alone', () => {
  const byHand = (changed: Partial<StartFacts>): boolean => {
    const decision = decideStart({ ...facts, ...changed });
    return decision.kind === 'resync' && decision.byHand;
  };
  assert.ok(byHand({ slot: null, checkpoint: null }));
  assert.ok(byHand({ indexes: [{ ...index, origin: { ...origin, incarnation: 'j' } }] }));
  assert.ok(!byHand({ slot: null }));
});

test('a slot that is lost in the middle of a rebuild begins another', () => {
  const rebuilding = { ...facts, rebuilding: 'i', indexes: [past, index] };
  assert.equal(decideStart({ ...rebuilding, slot: null }).kind, 'resync');
});

const other = { ...origin, incarnation: 'j' };
const mismatches: readonly (readonly [name: string, facts: Partial<StartFacts>, reason: RegExp])[] = [
  ['the slot is gone', { slot: null }, /slot is gone/],
  ['slot and resume point are gone, but indexes are there', { slot: null, checkpoint: null }, /neither/],
  ['the slot has lost its WAL', { slot: { ...slot, lost: true } }, /lost its WAL/],
  ['the slot has another plugin', { slot: { ...slot, plugin: 'wal2json' } }, /wal2json/],
  ['the slot is of another database', { slot: { ...slot, database: 'x' } }, /database x/],
  ['the cluster is another', { server: { ...server, systemIdentifier: '8' } }, /another cluster/],
  ['the timeline is another', { server: { ...server, timeline: 2 } }, /timeline 2/],
  [
    'the resume point is of another database',
    { checkpoint: { ...checkpoint, origin: { ...origin, database: 'x' } } },
    /database x/,
  ],
  ['the database has gone back', { server: { ...server, currentLsn: 499n } }, /restored/],
  ['the slot was moved past the resume point', { checkpoint: { ...checkpoint, lsn: 499n } }, /moved/],
  ['the resume point is of another slot', { checkpoint: { ...checkpoint, origin: other } }, /different/],
  ['an index is of another slot', { indexes: [index, { ...index, origin: other }] }, /different/],
  [
    'an index was restored from a copy',
    { indexes: [{ ...index, original: false }] },
    /movies-1 was restored/,
  ],
  [
    'an index is of another cluster, with no resume point to compare',
    { checkpoint: null, indexes: [{ ...index, origin: { ...origin, systemIdentifier: '8' } }] },
    /another cluster/,
  ],
];
for (const [name, changed, reason] of mismatches) {
  test(`a resync is required when ${name}`, () => {
    const decision = decideStart({ ...facts, ...changed });
    assert.ok(decision.kind === 'resync');
    assert.match(decision.reason, reason);
  });
}
