import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createDebouncer, type Batch, type Debouncer } from '../../src/debouncer/debouncer.ts';

const options = { indexes: ['a', 'b'], batchSize: 3, quietMs: 0, maxWaitMs: 100, from: 0n };

test('an idle loader gets at once what there is', () => {
  const debouncer = createDebouncer(options);
  debouncer.add('a', '1', 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['1']);
});

test('a busy loader gets full batches only, and the rest when it is idle again', () => {
  const debouncer = createDebouncer(options);
  debouncer.add('a', '1', 0);
  const first = take(debouncer);
  debouncer.add('a', '2', 0);
  assert.equal(debouncer.next(0), null);
  debouncer.add('a', '3', 0);
  debouncer.add('a', '4', 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['2', '3', '4']);
  debouncer.add('a', '5', 0);
  assert.equal(debouncer.next(0), null);
  debouncer.done(first);
});

test('a quiet time gathers, and the longest wait ends it', () => {
  const debouncer = createDebouncer({ ...options, batchSize: 100, quietMs: 10, maxWaitMs: 25 });
  debouncer.add('a', '1', 0);
  assert.equal(debouncer.next(5), null);
  assert.equal(debouncer.nextDueMs(), 10);
  debouncer.add('a', '2', 9);
  assert.equal(debouncer.next(15), null);
  debouncer.add('a', '3', 18);
  assert.deepEqual(debouncer.next(25)?.ids, ['1', '2', '3']);
});

test('a document that is under way waits for its next batch until that has ended', () => {
  const debouncer = createDebouncer(options);
  debouncer.add('a', '1', 0);
  const first = take(debouncer);
  for (const id of ['1', '2', '3', '4']) debouncer.add('a', id, 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['2', '3', '4']);
  debouncer.done(first);
  assert.equal(debouncer.pending, 1);
});

test('a claimed document is in no batch until it is released', () => {
  const debouncer = createDebouncer(options);
  assert.deepEqual(debouncer.claim('a', ['1', '2']), ['1', '2']);
  assert.deepEqual(debouncer.claim('a', ['2', '3']), ['3']);
  debouncer.add('a', '1', 0);
  assert.equal(debouncer.next(0), null);
  debouncer.release('a', ['1']);
  assert.deepEqual(debouncer.next(0)?.ids, ['1']);
});

test('the floor stays below a commit until its last document is done', () => {
  const debouncer = createDebouncer(options);
  debouncer.cover(10n);
  debouncer.add('a', '1', 0);
  debouncer.cover(20n);
  debouncer.add('b', '2', 0);
  debouncer.cover(30n);
  const first = take(debouncer);
  assert.equal(debouncer.floor(), 10n);
  debouncer.done(first);
  assert.equal(debouncer.floor(), 20n);
  debouncer.done(take(debouncer));
  assert.equal(debouncer.floor(), 30n);
});

type Step =
  | { kind: 'commit'; ids: [string, number][] }
  | { kind: 'take' | 'claim' | 'release' }
  | { kind: 'done'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('commit' as const),
    ids: fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(8)), { maxLength: 6 }),
  }),
  fc.record({ kind: fc.constantFrom('take' as const, 'claim' as const, 'release' as const) }),
  fc.record({ kind: fc.constant('done' as const), which: fc.nat(5) }),
);

test('no id is lost, none is under way twice, and the floor never passes an unfinished one', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const debouncer = createDebouncer(options);
      const inFlight: Batch[] = [];
      const claimed = new Set<string>();
      // For each document, the earliest commit that touched it since its last batch began, and those under way.
      const waiting = new Map<string, bigint>();
      const underWay = new Map<string, bigint>();
      let lsn = 0n;

      const begin = (): boolean => {
        const batch = debouncer.next(0);
        if (!batch) return false;
        for (const id of batch.ids) {
          const key = `${batch.index}${id}`;
          assert.ok(!underWay.has(key) && !claimed.has(key), `${key} is under way twice`);
          underWay.set(key, waiting.get(key) ?? assert.fail(`${key} was not waiting`));
          waiting.delete(key);
        }
        inFlight.push(batch);
        return true;
      };
      const end = (which: number): void => {
        const [batch] = inFlight.splice(which % Math.max(1, inFlight.length), 1);
        if (!batch) return;
        debouncer.done(batch);
        for (const id of batch.ids) underWay.delete(`${batch.index}${id}`);
      };
      const release = (): void => {
        debouncer.release(
          'a',
          [...claimed].map((key) => key.slice(1)),
        );
        claimed.clear();
      };

      for (const current of steps) {
        if (current.kind === 'commit') {
          lsn += 10n;
          for (const [index, id] of current.ids) {
            debouncer.add(index, String(id), 0);
            const key = `${index}${id}`;
            if (!waiting.has(key)) waiting.set(key, lsn);
          }
          debouncer.cover(lsn);
        } else if (current.kind === 'take') begin();
        else if (current.kind === 'done') end(current.which);
        else if (current.kind === 'release') release();
        else for (const id of debouncer.claim('a', ['1', '2', '3'])) claimed.add(`a${id}`);
        const unfinished = [...waiting.values(), ...underWay.values()];
        for (const commit of unfinished)
          assert.ok(debouncer.floor() < commit, 'the floor passed an unfinished commit');
        if (unfinished.length === 0) assert.equal(debouncer.floor(), lsn);
      }
      release();
      for (let left = 1000; left > 0 && !debouncer.idle; left--) {
        begin();
        end(0);
      }
      assert.equal(waiting.size + underWay.size, 0);
      assert.equal(debouncer.floor(), lsn);
    }),
  );
});

function take(debouncer: Debouncer): Batch {
  return debouncer.next(0) ?? assert.fail('there is no batch');
}
