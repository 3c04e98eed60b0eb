import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createFloor, type Hold } from '../../src/debouncer/floor.ts';

test('the floor is what was covered when the oldest unfinished work began, else all that is covered', () => {
  const floor = createFloor({ lsn: 0n, lastCommit: null });
  floor.cover({ lsn: 10n, lastCommit: { lsn: 10n, xid: 1 } });
  const first = floor.hold();
  floor.cover({ lsn: 20n, lastCommit: { lsn: 20n, xid: 2 } });
  const second = floor.hold();
  floor.cover({ lsn: 30n, lastCommit: null });
  assert.deepEqual(floor.lowest, { lsn: 10n, lastCommit: { lsn: 10n, xid: 1 } });
  floor.release(first);
  assert.deepEqual(floor.lowest, { lsn: 20n, lastCommit: { lsn: 20n, xid: 2 } });
  floor.release(second);
  assert.deepEqual(floor.lowest, { lsn: 30n, lastCommit: null });
});

test('a hold that several share is let go by the last of them', () => {
  const floor = createFloor({ lsn: 0n, lastCommit: null });
  const hold = floor.share(floor.hold());
  floor.cover({ lsn: 10n, lastCommit: { lsn: 10n, xid: 1 } });
  floor.release(hold);
  assert.equal(floor.lowest.lsn, 0n);
  floor.release(hold);
  assert.equal(floor.lowest.lsn, 10n);
});

test('whatever is held, shared and let go, in any order, the floor is the lowest that is held', () => {
  const step = fc.record({ kind: fc.constantFrom('cover', 'hold', 'share', 'release'), which: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const floor = createFloor({ lsn: 0n, lastCommit: null });
      const held: Hold[] = [];
      let covered = 0n;
      for (const { kind, which } of steps) {
        const one = held[which % Math.max(1, held.length)];
        if (kind === 'cover') floor.cover({ lsn: ++covered, lastCommit: null });
        else if (kind === 'hold') held.push(floor.hold());
        else if (one && kind === 'share') held.push(floor.share(one));
        else if (one) {
          held.splice(held.indexOf(one), 1);
          floor.release(one);
        }
        const lowest = held.reduce((least, { since }) => (since.lsn < least ? since.lsn : least), covered);
        assert.equal(floor.lowest.lsn, lowest);
      }
    }),
  );
});
