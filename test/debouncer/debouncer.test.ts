import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  createDebouncer,
  type Batch,
  type Debouncer,
  type DebouncerOptions,
  type Lane,
} from '../../src/debouncer/debouncer.ts';
import { createFloor, type Floor, type Hold } from '../../src/debouncer/floor.ts';

test('an idle loader gets at once what there is', () => {
  const debouncer = open();
  debouncer.add('a', '1', 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['1']);
});

test('a busy loader gets full batches only, and the rest when it is idle again', () => {
  const debouncer = open();
  debouncer.add('a', '1', 0);
  const first = take(debouncer);
  debouncer.add('a', '2', 0);
  assert.equal(debouncer.next(0), null);
  debouncer.add('a', '3', 0);
  debouncer.add('a', '4', 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['2', '3', '4']);
  debouncer.add('a', '5', 0);
  assert.equal(debouncer.next(0), null);
  debouncer.done(first, 0);
});

test('a quiet time gathers, and the longest wait ends it', () => {
  const debouncer = open({ batchSize: 100, quietMs: 10, maxWaitMs: 25 });
  debouncer.add('a', '1', 0);
  assert.equal(debouncer.next(5), null);
  assert.equal(debouncer.nextDueMs(), 10);
  debouncer.add('a', '2', 9);
  assert.equal(debouncer.next(15), null);
  debouncer.add('a', '3', 18);
  assert.deepEqual(debouncer.next(25)?.ids, ['1', '2', '3']);
});

test('a document that is under way waits for its next batch until that has ended', () => {
  const debouncer = open();
  debouncer.add('a', '1', 0);
  const first = take(debouncer);
  for (const id of ['1', '2', '3', '4']) debouncer.add('a', id, 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['2', '3', '4']);
  debouncer.done(first, 0);
  assert.equal(debouncer.pending.prompt, 1);
});

test('a claimed document is in no batch until it is released', () => {
  const debouncer = open();
  assert.deepEqual(debouncer.claim('a', ['1', '2']), ['1', '2']);
  assert.deepEqual(debouncer.claim('a', ['2', '3']), ['3']);
  debouncer.add('a', '1', 0);
  assert.equal(debouncer.next(0), null);
  debouncer.release('a', ['1']);
  assert.deepEqual(debouncer.next(0)?.ids, ['1']);
});

test('each index has its turn, whatever another has under way', () => {
  const debouncer = open();
  debouncer.add('a', '1', 0);
  debouncer.add('b', '2', 0);
  assert.equal(take(debouncer).index, 'a');
  assert.equal(take(debouncer).index, 'b');
});

test('the many that one change touches leave a place free for what comes meanwhile, which need not wait for more', () => {
  const debouncer = open({ maxInFlight: 3 });
  for (let id = 0; id < 20; id++) debouncer.add('a', `many${id}`, 0, 'bulk');
  assert.deepEqual(
    [take(debouncer), take(debouncer)].map(({ ids }) => ids.length),
    [3, 3],
  );
  assert.equal(debouncer.next(0), null);
  debouncer.add('a', 'one', 0);
  assert.deepEqual(debouncer.next(0)?.ids, ['one']);
});

test('one of the many that is touched again by itself overtakes the others', () => {
  const debouncer = open({ maxInFlight: 3 });
  for (let id = 0; id < 20; id++) debouncer.add('a', String(id), 0, 'bulk');
  take(debouncer);
  debouncer.add('a', '19', 0);
  debouncer.add('a', '19', 0, 'bulk');
  assert.deepEqual(debouncer.pending, { prompt: 1, bulk: 16 });
  assert.deepEqual(debouncer.next(0)?.ids, ['19']);
});

test('the many are taken in batches that are soon over, while others come', () => {
  const debouncer = open({ batchSize: 400 });
  for (let id = 0; id < 2_000; id++) debouncer.add('a', String(id), 0, 'bulk');
  debouncer.done(take(debouncer), 600);
  const second = take(debouncer, 600);
  assert.equal(second.ids.length, 400);
  debouncer.add('a', 'another', 700);
  assert.deepEqual(take(debouncer, 700).ids, ['another']);
  debouncer.done(second, 1_200);
  // Half way twice, from the 400 of before to the 100 that would have been soon over.
  assert.equal(take(debouncer, 1_200).ids.length, 175);
  assert.equal(take(debouncer, 1_700).ids.length, 400);
});

test('while others come, one batch of the many is under way, and one more where the others are quick for long', () => {
  const debouncer = open({ maxInFlight: 4 });
  for (let id = 0; id < 2_000; id++) debouncer.add('a', String(id), 0, 'bulk');
  let nowMs = 0;
  const othersCome = (count: number, tookMs: number): void => {
    for (let other = 0; other < count; other++) {
      debouncer.add('a', 'another', nowMs);
      const batch = take(debouncer, nowMs);
      assert.deepEqual(batch.ids, ['another']);
      nowMs += tookMs;
      debouncer.done(batch, nowMs);
    }
  };
  take(debouncer);
  othersCome(19, 10);
  assert.equal(debouncer.next(nowMs), null);
  othersCome(1, 10);
  const second = take(debouncer, nowMs);
  assert.equal(debouncer.next(nowMs), null);
  othersCome(1, 200);
  debouncer.done(second, nowMs);
  othersCome(19, 10);
  assert.equal(debouncer.next(nowMs), null);
  othersCome(1, 10);
  take(debouncer, nowMs);
});

test('the many have their turn, however many others come', () => {
  for (const maxInFlight of [1, 2, 3]) {
    const debouncer = open({ maxInFlight });
    debouncer.add('a', 'many', 0, 'bulk');
    const ids: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (let id = 0; id < 9; id++) debouncer.add('a', `${round}-${id}`, 0);
      const batch = take(debouncer);
      ids.push(...batch.ids);
      debouncer.done(batch, 0);
    }
    assert.ok(ids.includes('many'), `${maxInFlight} in flight: ${ids.join()}`);
  }
});

test('what a large transaction touches waits for its end, each document once', () => {
  const debouncer = open({ batchSize: 100 });
  for (const id of ['1', '2', '1', '3', '2', '1']) debouncer.gather('a', id);
  debouncer.gather('b', '1');
  assert.equal(debouncer.next(0), null);
  assert.equal(debouncer.allPending, 4);
  assert.equal(debouncer.letOut(3, 0), false);
  assert.deepEqual(debouncer.pending, { prompt: 0, bulk: 3 });
  assert.equal(debouncer.letOut(3, 0), true);
  assert.equal(debouncer.allPending, 4);
  assert.deepEqual(take(debouncer).ids, ['1', '2', '3']);
});

type Step =
  | { kind: 'commit'; ids: [string, number][]; lane: Lane; isLarge: boolean }
  | { kind: 'find'; which: number; ids: number[]; lane: Lane }
  | { kind: 'found' | 'done'; which: number }
  | { kind: 'fan-out' | 'take' | 'claim' | 'release' };

const id = fc.nat(4);
const which = fc.nat(3);
const lane = fc.constantFrom<Lane[]>('prompt', 'bulk');
/** As often taken and done as added, so that the floor rises now and then. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('commit'),
      ids: fc.array(fc.tuple(fc.constantFrom('a', 'b'), id), { maxLength: 3 }),
      lane,
      isLarge: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('find'), which, ids: fc.array(id, { maxLength: 3 }), lane }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('found'), which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('done'), which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('take') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('fan-out', 'claim', 'release') }) },
);

/** A fan-out that has not given all its ids, and the commit that it is for. */
interface FanOut {
  readonly hold: Hold;
  readonly commit: bigint;
}

test('no id is lost, none is under way twice, and the floor never passes what is unfinished', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80, size: 'max' }),
      fc.integer({ min: 1, max: 4 }),
      (steps, maxInFlight) => {
        const floor = createFloor(at(0n));
        const debouncer = createDebouncer({ ...options, floor, maxInFlight });
        const inFlight: Batch[] = [];
        const claimed = new Set<string>();
        const fanOuts: FanOut[] = [];
        // For each document, the earliest commit that touched it since its last batch began, and those under way.
        const waiting = new Map<string, bigint>();
        const underWay = new Map<string, bigint>();
        let lsn = 0n;

        const touch = (index: string, id: number, commit: bigint): void => {
          const key = `${index}${id}`;
          const known = waiting.get(key);
          if (known === undefined || commit < known) waiting.set(key, commit);
        };
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
          debouncer.done(batch, 0);
          for (const id of batch.ids) underWay.delete(`${batch.index}${id}`);
        };
        const found = (which: number): void => {
          const [fanOut] = fanOuts.splice(which % Math.max(1, fanOuts.length), 1);
          if (fanOut) floor.release(fanOut.hold);
        };
        const release = (): void => {
          debouncer.release(
            'a',
            [...claimed].map((key) => key.slice(1)),
          );
          claimed.clear();
        };
        const take = (current: Step): void => {
          switch (current.kind) {
            case 'commit':
              lsn += 10n;
              for (const [index, id] of current.ids) {
                if (current.isLarge) debouncer.gather(index, String(id));
                else debouncer.add(index, String(id), 0, current.lane);
                touch(index, id, lsn);
              }
              while (!debouncer.letOut(1, 0));
              floor.cover(at(lsn));
              return;
            case 'fan-out':
              lsn += 10n;
              fanOuts.push({ hold: floor.hold(), commit: lsn });
              floor.cover(at(lsn));
              return;
            case 'find': {
              const fanOut = fanOuts[current.which % Math.max(1, fanOuts.length)];
              for (const id of fanOut ? current.ids : []) {
                debouncer.add('a', String(id), 0, current.lane, fanOut?.hold);
                touch('a', id, fanOut?.commit ?? 0n);
              }
              return;
            }
            case 'found':
              return found(current.which);
            case 'take':
              if (inFlight.length < maxInFlight) begin();
              return;
            case 'done':
              return end(current.which);
            case 'release':
              return release();
            case 'claim':
              for (const id of debouncer.claim('a', ['1', '2', '3'])) claimed.add(`a${id}`);
          }
        };

        for (const current of steps) {
          take(current);
          const unfinished = [
            ...waiting.values(),
            ...underWay.values(),
            ...fanOuts.map(({ commit }) => commit),
          ];
          for (const commit of unfinished)
            assert.ok(floor.lowest.lsn < commit, 'the floor passed an unfinished commit');
          if (unfinished.length === 0) assert.equal(floor.lowest.lsn, lsn);
          assert.equal(debouncer.pending.prompt + debouncer.pending.bulk, waiting.size);
        }
        release();
        while (fanOuts.length > 0) found(0);
        for (let left = 1000; left > 0 && waiting.size + underWay.size > 0; left--) {
          begin();
          end(0);
        }
        assert.equal(waiting.size + underWay.size, 0);
        assert.equal(floor.lowest.lsn, lsn);
      },
    ),
  );
});

const options = { indexes: ['a', 'b'], batchSize: 3, maxInFlight: 4, quietMs: 0, maxWaitMs: 100 };

function open(changed: Partial<DebouncerOptions> = {}): Debouncer {
  return createDebouncer({ ...options, floor: createFloor(at(0n)), ...changed });
}

function at(lsn: bigint): Floor['lowest'] {
  return { lsn, lastCommit: null };
}

function take(debouncer: Debouncer, nowMs = 0): Batch {
  return debouncer.next(nowMs) ?? assert.fail('there is no batch');
}
