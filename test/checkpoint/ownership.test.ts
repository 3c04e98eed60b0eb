import assert from 'node:assert/strict';
import test from 'node:test';
import { takenBy, type OwnershipFacts } from '../../src/checkpoint/ownership.ts';

const origin = { systemIdentifier: '7', timeline: 1, database: 'films', incarnation: 'i' };
const elsewhere = { ...origin, systemIdentifier: '8', incarnation: 'j' };
const facts: OwnershipFacts = {
  name: 'projector',
  server: { systemIdentifier: '7', database: 'films' },
  slot: { kind: 'logical', database: 'films' },
  checkpoint: origin,
  isAnotherRunning: false,
  indexes: [{ physical: 'movies-1', origin }],
  isRebuilding: false,
};

const cases: readonly (readonly [name: string, changed: Partial<OwnershipFacts>, taken: RegExp | null])[] = [
  ['everything is of this database', {}, null],
  ['this database runs somewhere else already, which the slot tells', { isAnotherRunning: true }, null],
  ['there is nothing yet', { slot: null, checkpoint: null, indexes: [] }, null],
  ['it failed over to another timeline', { checkpoint: { ...origin, timeline: 2 } }, null],
  ['the slot is a standby', { slot: { kind: 'physical' } }, /physical/],
  ['the slot is of another database', { slot: { kind: 'logical', database: 'x' } }, /the database x$/],
  [
    'the resume point is of another database, whose projector runs',
    { checkpoint: { ...origin, database: 'x' }, isAnotherRunning: true },
    /the database x, whose projector runs/,
  ],
  [
    'the resume point is of another server, and none of its indexes is here',
    { checkpoint: elsewhere, indexes: [] },
    /the database films of another server/,
  ],
  [
    'the database was replaced: resume point and indexes belong together',
    { checkpoint: elsewhere, indexes: [{ physical: 'movies-1', origin: elsewhere }], slot: null },
    null,
  ],
  [
    'an index is of another server, and nothing here knows of it',
    { indexes: [{ physical: 'movies-1', origin: elsewhere }] },
    /movies-1 was made by a projector of this name, of the database films of another server/,
  ],
  [
    'the same, with nothing else there yet',
    { slot: null, checkpoint: null, indexes: [{ physical: 'movies-1', origin: elsewhere }] },
    /movies-1/,
  ],
  [
    'it serves until a rebuild under way is complete',
    { checkpoint: null, indexes: [{ physical: 'movies-1', origin: elsewhere }], isRebuilding: true },
    null,
  ],
];
for (const [name, changed, taken] of cases) {
  test(`a name is ${taken ? 'taken' : 'ours'} when ${name}`, () => {
    const found = takenBy({ ...facts, ...changed });
    if (taken) assert.match(found ?? '', taken);
    else assert.equal(found, null);
  });
}
