import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { it } from 'node:test';
import { runAtRandom } from '../changes/random/run.ts';
import { addTally, describeTally, kinds, newTally, totalOf } from '../changes/random/tally.ts';

/**
 * The second half of `make soak`: schemas, definitions and changes of both at random, one seed after another, until
 * MINUTES are over or a document differs. `SEED=… ROUNDS=…` with `test/changes/random.it.test.ts` runs one of them alone.
 */
const MINUTES = Number(process.env['MINUTES'] ?? 30);
const SEED = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const ROUNDS = Number(process.env['ROUNDS'] ?? 12);
/** So many changes leave no kind out by chance. */
const CHANGES_FOR_EACH_KIND = 20;

it(`changes at random for ${MINUTES} minutes (SEED=${SEED})`, async (t) => {
  const total = newTally();
  const startedMs = performance.now();
  const elapsedMinutes = (): number => (performance.now() - startedMs) / 60_000;
  const state = { seed: SEED, isWell: true };
  for (; state.isWell && elapsedMinutes() < MINUTES; state.seed++) {
    const own = state.seed;
    state.isWell = false;
    await t.test(`SEED=${own} ROUNDS=${ROUNDS}`, async (one) => {
      addTally(total, await runAtRandom(one, { seed: own, rounds: ROUNDS }));
      state.isWell = true;
    });
  }
  console.log(
    `changed ${state.seed - SEED} schemas in ${elapsedMinutes().toFixed(1)} minutes:\n${describeTally(total)}`,
  );
  if (totalOf(total.made) < CHANGES_FOR_EACH_KIND * kinds.length) return;
  assert.deepEqual(
    kinds.filter((kind) => !total.made.has(kind)),
    [],
    'never made',
  );
});
