import assert from 'node:assert/strict';
import test from 'node:test';
import { createGate, isSettled, parseSnapshot, passBarrier } from '../../src/replication/gate.ts';

const never = new AbortController().signal;

test('a snapshot is read from its text', () => {
  assert.deepEqual(parseSnapshot('10:20:10,14'), { xmin: 10n, xmax: 20n, inProgress: new Set([10n, 14n]) });
  assert.deepEqual(parseSnapshot('20:20:'), { xmin: 20n, xmax: 20n, inProgress: new Set() });
});

test('a transaction is settled when it is below xmax and not in progress', () => {
  const snapshot = parseSnapshot('10:20:10,14');
  assert.equal(isSettled(9, snapshot), true);
  assert.equal(isSettled(11, snapshot), true);
  assert.equal(isSettled(14, snapshot), false);
  assert.equal(isSettled(20, snapshot), false);
  assert.equal(isSettled(21, snapshot), false);
});

test('32-bit transaction ids are compared across the wrap-around', () => {
  const epoch = 1n << 32n;
  const snapshot = parseSnapshot(`${epoch + 3n}:${epoch + 5n}:${epoch + 3n}`);
  assert.equal(isSettled(0xfffffff0, snapshot), true);
  assert.equal(isSettled(4, snapshot), true);
  assert.equal(isSettled(3, snapshot), false);
  assert.equal(isSettled(5, snapshot), false);
  const before = parseSnapshot(`${epoch - 2n}:${epoch - 1n}:${epoch - 2n}`);
  assert.equal(isSettled(3, before), false);
});

test('the gate waits for a transaction to become visible, and one snapshot settles a backlog', async () => {
  const snapshots = ['5:9:5', '5:9:5', '9:9:'];
  let taken = 0;
  const waits: (number | null)[] = [];
  const gate = createGate({
    takeSnapshot: () => Promise.resolve(parseSnapshot(snapshots[taken++] ?? '9:9:')),
    onWait: (xid) => waits.push(xid),
    signal: never,
  });
  await gate.settle(5);
  assert.equal(taken, 3);
  assert.deepEqual(waits, [5, 5, null]);
  for (const xid of [6, 7, 8]) await gate.settle(xid);
  assert.equal(taken, 3);
  assert.equal(gate.knows(9), false);
});

test('the barrier waits until every transaction older than it has ended', async () => {
  const snapshots = ['5:31:5,30', '30:31:30', '31:32:'];
  let taken = 0;
  await passBarrier({
    assignXid: () => Promise.resolve(30n),
    takeSnapshot: () => Promise.resolve(parseSnapshot(snapshots[taken++] ?? assert.fail('one too many'))),
    onWait: () => undefined,
    signal: never,
  });
  assert.equal(taken, 3);
});
